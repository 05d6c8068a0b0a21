/** Brings stored values of earlier versions, step by step, to the current one. */
import type { Migration } from "./migration.ts";
import { fromVersion1 } from "./from_version_1.ts";
import { fromVersion2 } from "./from_version_2.ts";

/** The n-th leads from version n to the next. A new step is a file here and a line in this list. */
const STEPS: readonly Migration[] = [fromVersion1, fromVersion2];

/** The version that is written. It increases when a reader of the previous version could not read a value. */
export const VERSION = STEPS.length + 1;

/** Brings a value of `version` to the current version. `kind`: such as `task.state`. */
export function migrated(kind: string, value: unknown, version: number): unknown {
  let current = value;
  for (let step = version; step < VERSION; step++) current = STEPS[step - 1]?.[kind]?.(current) ?? current;
  return current;
}
