import { playAll } from "./play.ts";

playAll("gemini", { isLong: true });
