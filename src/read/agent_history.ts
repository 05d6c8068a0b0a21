/** When each agent last completed an attempt, and when it last failed one. */
import type { Attempt } from "../domain/attempt/stored_attempt.ts";
import type { Notifier } from "../store/notifier.ts";
import type { TaskMemory } from "./task_index.ts";

/** ISO 8601; absent if no attempt is known. */
export interface LastAttempts {
  last_success?: string;
  last_failure?: string;
}

export class AgentHistory {
  readonly #last = new Map<string, LastAttempts>();

  constructor(tasks: Pick<TaskMemory, "values">, changes: Notifier) {
    for (const { state } of tasks.values()) for (const attempt of state.attempts) this.#note(attempt);
    changes.subscribe("task", (some) => {
      for (const { after } of some) {
        const attempt = after?.state.attempts.at(-1);
        if (attempt) this.#note(attempt);
      }
    });
  }

  of(agent: string): LastAttempts {
    return this.#last.get(agent) ?? {};
  }

  #note({ agent, outcome, ended_at }: Attempt): void {
    // An attempt that somebody ended says nothing of its agent.
    if (ended_at === undefined || outcome === undefined) return;
    if (outcome === "cancelled" || outcome === "interrupted") return;
    const last = this.#last.get(agent) ?? {};
    const field = outcome === "completed" ? "last_success" : "last_failure";
    if (last[field] !== undefined && last[field] >= ended_at) return;
    this.#last.set(agent, { ...last, [field]: ended_at });
  }
}
