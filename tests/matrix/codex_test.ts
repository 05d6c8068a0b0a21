import { playAll } from "./play.ts";

playAll("codex", { isLong: true });
