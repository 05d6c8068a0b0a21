/** Stored values of earlier versions, step by step up to today's. */
import type { Migration } from "./migration.ts";
import { fromVersion1 } from "./from_version_1.ts";

/** The n-th leads from version n to the next. A new step is a file here and a line in this list. */
const STEPS: readonly Migration[] = [fromVersion1];

/** The version that is written today. It rises when a reader of the version before could not read a value. */
export const VERSION = STEPS.length + 1;

/** A value of `version` as today's version has it. The kind is such as `task.state`. */
export function migrated(kind: string, value: unknown, version: number): unknown {
  let current = value;
  for (let step = version; step < VERSION; step++) current = STEPS[step - 1]?.[kind]?.(current) ?? current;
  return current;
}
