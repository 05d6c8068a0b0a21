/** The usage of tasks that are gone, by day. Kept only in the store: it is read for reports, and when tasks are removed. */
import * as z from "zod";
import { joinedBytes } from "../domain/bytes.ts";
import { stored } from "../domain/stored.ts";
import { UsageRow } from "../domain/usage_rollup.ts";
import type { Commit, Key, KeyValue } from "./kv/kv.ts";
import { decodeStored, encodeStored } from "./stored_values.ts";
import { parted } from "./value_parts.ts";

const USAGE: Key = ["usage"];

/** The rows of a day, as they are stored. */
export const USAGE_ROWS = stored("usage", z.array(UsageRow));

function keyOf(day: string, part: number): Key {
  return [...USAGE, day, part];
}

/** The rows of a day, as they are stored. */
export interface UsageDay {
  rows: UsageRow[];
  /** Of its first part; null if there is nothing yet. */
  versionstamp: string | null;
  parts: number;
}

export class UsageDays {
  readonly #kv: KeyValue;

  constructor(kv: KeyValue) {
    this.#kv = kv;
  }

  async get(day: string): Promise<UsageDay> {
    for await (const { day: found, ...one } of this.list(day, day)) if (found === day) return one;
    return { rows: [], versionstamp: null, parts: 0 };
  }

  /** The days from `first` to `last`, both included, the oldest first. */
  async *list(first?: string, last?: string): AsyncGenerator<UsageDay & { day: string }> {
    const start = first === undefined ? undefined : keyOf(first, 0);
    const end = last === undefined ? undefined : keyOf(last, Number.MAX_SAFE_INTEGER);
    let now: { day: string; versionstamp: string; parts: Uint8Array[] } | undefined;
    for await (const { key, value, versionstamp } of this.#kv.list({ prefix: USAGE, start, end })) {
      const day = key[1] as string;
      if (now?.day === day) {
        now.parts.push(value);
        continue;
      }
      if (now) yield whole(now);
      now = { day, versionstamp, parts: [value] };
    }
    if (now) yield whole(now);
  }

  /** The mutations that replace the rows of a day, if nobody else has meanwhile. */
  entry(day: string, before: UsageDay, rows: readonly UsageRow[]): Required<Commit> {
    const parts = parted(encodeStored(rows));
    return {
      checks: [{ key: keyOf(day, 0), versionstamp: before.versionstamp }],
      sets: parts.map((value, part) => ({ key: keyOf(day, part), value })),
      deletes: Array.from(
        { length: Math.max(0, before.parts - parts.length) },
        (_, i) => keyOf(day, parts.length + i),
      ),
    };
  }
}

function whole({ day, versionstamp, parts }: { day: string; versionstamp: string; parts: Uint8Array[] }) {
  const rows = decodeStored(USAGE_ROWS, `usage of ${day}`, joinedBytes(parts));
  return { day, rows, versionstamp, parts: parts.length };
}
