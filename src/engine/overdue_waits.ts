/** Fails refused tasks whose wait for their provider has become too long. */
import { getLogger } from "@logtape/logtape";
import { gaveUpWaiting } from "../domain/attempt/end.ts";
import { SERVER } from "../domain/actor.ts";
import { cascade, failuresRead } from "../domain/cascade.ts";
import type { RunContext } from "./run_context.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** To be called when an agent is held anew. Those that are not failed now are when they are refused again. */
export async function failOverdue(
  { store, index, holds, clock, settings }: Pick<
    RunContext,
    "store" | "index" | "holds" | "clock" | "settings"
  >,
): Promise<void> {
  const { max_wait_ms } = settings.provider_limit;
  for (const { id, state } of index.all()) {
    if (state.status !== "queued" || state.refused_since === undefined) continue;
    try {
      await store.tasks.update((view) => {
        const now = clock.now();
        const task = view.get(id);
        const next = task && gaveUpWaiting(task, holds.places.of(task).held, max_wait_ms, now);
        if (!next) return {};
        const states = cascade(index.graphOf(view), new Map([[id, next]]), now);
        return {
          updates: [...states].map(([one, state]) => ({ id: one, state })),
          reads: failuresRead(states),
        };
      }, SERVER);
    } catch (error) {
      log.warn("Whether task {id} waits too long could not be stored: {error}", { id, error });
    }
  }
}
