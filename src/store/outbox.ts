/**
 * The notices that wait for their delivery. A notice about a change of a task is stored in the commit of that change, so that a
 * crash loses none, and it stays until it was delivered or given up.
 */
import * as z from "zod";
import { Notice } from "../domain/notice.ts";
import { isTold } from "../domain/report_time.ts";
import { stored } from "../domain/stored.ts";
import type { GroupCommit } from "./group_commit.ts";
import type { Key, KeyValue } from "./kv/kv.ts";
import { decodeStored, encodeStored } from "./stored_values.ts";

const NOTICES: Key = ["notice"];
const TARGETS: Key = ["notice_target"];
const REPORTS: Key = ["notice_report"];

const OutboxItem = z.object({
  target: z.string().describe("The name of who is told."),
  at_ms: z.int().describe("When it happened, or a little later: it orders the items of a target."),
  notice: Notice,
  tries: z.int().describe("How many deliveries have failed."),
  next_ms: z.int().optional().describe("When the next one is due, in epoch milliseconds."),
});
export type OutboxItem = z.infer<typeof OutboxItem>;

/** How deliveries to a target went. */
const TargetState = z.object({
  last_delivery: z.string().optional().describe("ISO 8601"),
  last_error: z.string().optional().describe("Of the last delivery, if that failed."),
});
export type TargetState = z.infer<typeof TargetState>;

const STORED_ITEM = stored("notice", OutboxItem);
/** The day whose report a target was told last. */
const ReportDay = z.object({ day: z.string() });

const STORED_TARGET = stored("notice_target", TargetState);
const STORED_DAY = stored("notice_report", ReportDay);

function keyOf({ at_ms, notice, target }: OutboxItem): Key {
  return [...NOTICES, at_ms, notice.id, target];
}

export class Outbox {
  readonly #kv: KeyValue;
  readonly #commits: GroupCommit;

  constructor(kv: KeyValue, commits: GroupCommit) {
    this.#kv = kv;
    this.#commits = commits;
  }

  /** What a commit sets so that the item is kept. */
  entry(item: OutboxItem): { key: Key; value: Uint8Array } {
    return { key: keyOf(item), value: encodeStored(item) };
  }

  /** All items, the oldest first. */
  async *items(): AsyncGenerator<OutboxItem> {
    for await (const { key, value } of this.#kv.list({ prefix: NOTICES, batch: 100 })) {
      yield decodeStored(STORED_ITEM, `notice ${key[2]}`, value);
    }
  }

  async states(): Promise<Map<string, TargetState>> {
    const states = new Map<string, TargetState>();
    for await (const { key, value } of this.#kv.list({ prefix: TARGETS, batch: 100 })) {
      const name = String(key[1]);
      states.set(name, decodeStored(STORED_TARGET, `the notification '${name}'`, value));
    }
    return states;
  }

  /** The days of the last reports, by target. */
  async reportDays(): Promise<Map<string, string>> {
    const days = new Map<string, string>();
    for await (const { key, value } of this.#kv.list({ prefix: REPORTS, batch: 100 })) {
      const name = String(key[1]);
      days.set(name, decodeStored(STORED_DAY, `the last report of '${name}'`, value).day);
    }
    return days;
  }

  /**
   * Keeps the report of a day, unless it was kept for the target already. Returns whether this one is kept, once that is
   * durable.
   */
  async keepReport(item: OutboxItem, day: string): Promise<boolean> {
    const key = [...REPORTS, item.target];
    const last = await this.#kv.get(key);
    const told = last && decodeStored(STORED_DAY, `the last report of '${item.target}'`, last.value).day;
    if (isTold(day, told)) return false;
    const { ok } = await this.#commits.commit({
      checks: [{ key, versionstamp: last?.versionstamp ?? null }],
      sets: [this.entry(item), { key, value: encodeStored({ day }) }],
    });
    return ok;
  }

  /** Keeps the items, with what is known of their targets now. Settles when both are durable. */
  async keep(items: readonly OutboxItem[], state?: { target: string; state: TargetState }): Promise<void> {
    await this.#commits.commit({ sets: [...items.map((item) => this.entry(item)), ...stateEntries(state)] });
  }

  /** Forgets the items: they are delivered, or given up. */
  async forget(items: readonly OutboxItem[], state?: { target: string; state: TargetState }): Promise<void> {
    await this.#commits.commit({ deletes: items.map(keyOf), sets: stateEntries(state) });
  }
}

function stateEntries(state: { target: string; state: TargetState } | undefined) {
  return state ? [{ key: [...TARGETS, state.target], value: encodeStored(state.state) }] : [];
}
