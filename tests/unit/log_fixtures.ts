/** What the tests of the log share. */
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { GroupCommit } from "../../src/store/group_commit.ts";
import type { LogQuery, SeqEntry } from "../../src/store/log_query.ts";
import type { NewEntry } from "../../src/store/log_line.ts";
import type { LogPage } from "../../src/store/log_answer.ts";
import { LogStore } from "../../src/store/log_store.ts";
import type { Tapped } from "./store_fixtures.ts";

/** A wall clock that stands still until it is moved; timers are real. */
export interface HandClock extends Clock {
  time: number;
}

export function handClock(time = Date.parse("2026-01-15T10:00:00.000Z")): HandClock {
  const clock: HandClock = { ...systemClock, time, now: () => clock.time };
  return clock;
}

export async function logOn(
  kv: Tapped,
  clock: Clock,
  publish: (entries: SeqEntry[]) => unknown = () => {},
): Promise<LogStore> {
  const logs = new LogStore(kv, new GroupCommit(kv), clock, publish);
  await logs.load();
  return logs;
}

export const entry = (message: string, more: Partial<NewEntry> = {}): NewEntry => ({
  level: "info",
  message,
  agent: "a",
  source: "test",
  ...more,
});

export const newestFirst: LogQuery = { order: "desc", limit: 50 };
export const messages = (page: LogPage) => page.entries.map(({ message }) => message);
export const refused = (code: string) => (error: unknown) => error instanceof ApiError && error.code === code;
