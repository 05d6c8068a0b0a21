import { playAll } from "./play.ts";

playAll("opencode", { isLong: false });
