/** Whether something failed because a disk is full. Pure. */
import type { Failure } from "./failure.ts";

/** What systems, runtimes and git say then. Too many watched files are another kind of lack with the same code. */
const FULL =
  /^(?![^]*\bwatchers?\b)[^]*?(\bENOSPC\b|\bEDQUOT\b|no space left on device|disk quota exceeded|not enough space on the disk)/i;

/** Only for the text of a failure. A command that has run and failed has its own reasons. */
export function isFullDisk(failure: Failure | undefined): failure is Failure {
  return failure !== undefined && failure.kind !== "command_failed" && FULL.test(failure.message);
}

/** The failure of an agent that tells that a disk is full: it passes, as what is overloaded does. */
export function toldFullDisk(failure: Failure): Failure {
  if (!FULL.test(failure.message) || failure.kind === "provider_limit") return failure;
  return { kind: "overloaded", message: `A disk is full: ${failure.message}` };
}
