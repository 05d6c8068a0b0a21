/** What a task waits for, in words. Every face takes them from here. */
import type { WaitingFor, WaitingKind } from "../domain/waiting_for.ts";

type Wait<Kind extends WaitingKind> = Extract<WaitingFor, { kind: Kind }>;

/** Writes a time for whoever reads it. The default leaves it as it is. */
export type TimeWords = (iso: string) => string;

/** Fits after "waits for". A record, so that a new kind must say what it waits for. */
const WORDS: { [Kind in WaitingKind]: (wait: Wait<Kind>, time: TimeWords) => string } = {
  dependency: ({ task_ids }) => task_ids.join(", "),
  time: ({ until }, time) => `its time, ${time(until)}`,
  slot: () => "a free slot",
  agent_start: () => "other agents to start",
  provider_limit: ({ agent, until, first }, time) =>
    first === undefined
      ? `${agent}'s limit${untilWords(until, time)}`
      : `${agent}'s limit: ${first} goes first, to see whether it is over`,
  budget: ({ until }, time) =>
    until === undefined ? "a higher budget" : `the next day's budget${untilWords(until, time)}`,
  concurrency: ({ by, task_ids }) => `${task_ids?.join(", ") ?? "others"} ${sharedWords(by)}`,
  retry: ({ until }, time) => `its next attempt, ${time(until)}`,
  permission: ({ until }, time) => `an answer to its permission request${untilWords(until, time)}`,
  question: ({ until }, time) => `an answer to its question${untilWords(until, time)}`,
  node: ({ node }) => node === undefined ? "a node that can run it" : `node ${node}`,
  disk: ({ until }, time) => `room on the disk${until === undefined ? "" : `, tried again ${time(until)}`}`,
  approval: ({ message }) => message === undefined ? "an approval" : `an approval: ${message}`,
  paused: () => "someone to resume it",
};

/** `task_1, task_2`, `a free slot`, `claude's limit until 03:00`. */
export function waitingWords(waiting_for: WaitingFor, time: TimeWords = (iso) => iso): string {
  const words = WORDS[waiting_for.kind] as (wait: WaitingFor, time: TimeWords) => string;
  return words(waiting_for, time);
}

/** The reason as whoever makes it wait says it, for those who want to know more. */
export function waitingReason(waiting_for: WaitingFor | undefined): string | undefined {
  const { kind } = waiting_for ?? {};
  return kind === "provider_limit" || kind === "disk" ? (waiting_for as Wait<typeof kind>).reason : undefined;
}

/** What a task shares with those that it waits for: `(same folder)`. */
export function sharedWords(by: string): string {
  return `(same ${by === "working_dir" ? "folder" : by})`;
}

function untilWords(until: string | undefined, time: TimeWords): string {
  return until === undefined ? "" : ` until ${time(until)}`;
}
