/** What is promised of usage, plainly: a turn counts once, with what its agent told last, and the sums outlive the tasks. */
import type { Key } from "../../src/store/kv/kv.ts";
import type { TaskState } from "../../src/domain/task_record.ts";
import { storedValue } from "./stored_value.ts";

interface Answer {
  role: string;
  attempt: number;
  turn: number;
  usage?: { input_tokens?: number };
}

/** Turns and tokens, in one number that no mix of them repeats. */
const TURN = 1_000_000;

const decoder = new TextDecoder();

export class UsageModel {
  readonly #days = new Map<string, number>();
  readonly #fail: (message: string) => void;

  constructor(fail: (message: string) => void) {
    this.#fail = fail;
  }

  /** A commit has changed these tasks, and removed those. */
  committed(
    sets: readonly { key: Key; value: Uint8Array }[],
    changed: readonly { id: string; before: TaskState | undefined; after: TaskState }[],
    removed: readonly TaskState[],
  ): void {
    for (const { id, before, after } of changed) {
      const answers = sets.filter(({ key }) => key[0] === "message" && key[1] === id).map(({ value }) =>
        (JSON.parse(decoder.decode(value).split("\n")[0]!) as [number, Answer])[1]
      ).filter(({ role }) => role === "agent");
      const [answer] = answers;
      let expected = before ? sumOf(before) : 0;
      if (answer) expected += TURN + (answer.usage?.input_tokens ?? 0) - liveOf(before, answer);
      else if (after.turn_used) expected += entry(after.turn_used) - liveOf(before, after.turn_used);
      if (answers.length > 1) this.#fail(`task ${id}: two turns end in one commit`);
      if (sumOf(after) !== expected) {
        this.#fail(`task ${id}: its turns have used ${expected}, and its sums say ${sumOf(after)}`);
      }
    }
    let more = 0;
    for (const { key, value } of sets) {
      if (key[0] !== "usage" || key[2] !== 0) continue;
      const rows = storedValue(value) as { turns: number; input_tokens: number }[];
      const now = rows.reduce((sum, row) => sum + entry(row), 0);
      more += now - (this.#days.get(String(key[1])) ?? 0);
      this.#days.set(String(key[1]), now);
    }
    const gone = removed.reduce((sum, state) => sum + sumOf(state), 0);
    if (more !== gone) {
      this.#fail(`tasks that had used ${gone} are removed, and the days' sums grow by ${more}`);
    }
  }
}

function entry({ turns, input_tokens }: { turns: number; input_tokens: number }): number {
  return TURN * turns + input_tokens;
}

function sumOf({ used = [], turn_used }: TaskState): number {
  return [...used, ...turn_used ? [turn_used] : []].reduce((sum, one) => sum + entry(one), 0);
}

/** What was known of this very turn before it ended. */
function liveOf(before: TaskState | undefined, { attempt, turn }: { attempt: number; turn: number }): number {
  const live = before?.turn_used;
  return live && live.attempt === attempt && live.turn === turn ? entry(live) : 0;
}
