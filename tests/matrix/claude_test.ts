import { playAll } from "./play.ts";

playAll("claude", { isLong: false });
