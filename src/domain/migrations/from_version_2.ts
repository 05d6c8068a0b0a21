/**
 * Version 2: a record's spec was always stored apart from its state. Since version 3 a short one is stored with it:
 * `src/store/stored_record.ts`. The values are the same.
 */
import type { Migration } from "./migration.ts";

export const fromVersion2: Migration = {};
