/** Whether something failed because a disk is full. Pure. */
import type { Failure } from "./failure.ts";

/** What systems, runtimes and git say then. */
const FULL =
  /\bENOSPC\b|\bEDQUOT\b|no space left on device|disk quota exceeded|not enough space on the disk/i;

/** Only for the text of a failure. A command that has run and failed has its own reasons. */
export function isFullDisk(failure: Failure | undefined): failure is Failure {
  return failure !== undefined && failure.kind !== "command_failed" && FULL.test(failure.message);
}
