/** What a turn has left at work, in words. Pure. */
import type { LeftProcess } from "../domain/output.ts";
import { duration } from "./formats.ts";

/** `npm run dev (pid 12, 35 s)`, and so on. */
export function leftWords(left: readonly LeftProcess[]): string {
  return left.map(({ pid, command, age_ms }) => `${command} (pid ${pid}, ${duration(age_ms)})`).join("; ");
}
