/** How many attempts of this server have failed since it started, by agent and kind of failure. */
import type { TaskRecord } from "../domain/task_record.ts";
import type { Notifier } from "../store/notifier.ts";

export interface FailureCount {
  agent: string;
  kind: string;
  count: number;
}

export class FailureCounts {
  readonly #counts = new Map<string, FailureCount>();

  /** `node`: this one, whose attempts are counted. */
  constructor(changes: Notifier, node: string) {
    changes.subscribe("task", (some) => {
      for (const { before, after } of some) if (before && after) this.#note(before, after, node);
    });
  }

  all(): Iterable<FailureCount> {
    return this.#counts.values();
  }

  #note(before: TaskRecord, after: TaskRecord, node: string): void {
    if (before.state.lease?.node !== node || after.state.lease !== undefined) return;
    const last = after.state.attempts.at(-1);
    const kind = last?.attempt === before.state.attempt ? last.failure?.kind : undefined;
    if (last === undefined || kind === undefined) return;
    const key = JSON.stringify([last.agent, kind]);
    const known = this.#counts.get(key);
    if (known) known.count++;
    else this.#counts.set(key, { agent: last.agent, kind, count: 1 });
  }
}
