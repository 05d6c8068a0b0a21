/** Until when an agent's tasks wait for its model's provider, and a way to let them go on. */
import type { ListedAgent } from "../../../protocol/basic_messages.ts";
import { relative, timeOfDay } from "../../../protocol/formats.ts";
import { epochOf } from "../../../clock/clock.ts";
import { releaseAgent } from "../../data/known_agents.ts";
import { now } from "../../ui/time.tsx";
import { attempt } from "../../ui/toast.tsx";

/** Shows nothing for an agent that is not held. */
export function HeldAgent({ agent }: { agent: ListedAgent }) {
  const { name, held_until, held_reason, held_models = [] } = agent;
  const holds = held_until === undefined
    ? held_models.map(({ model, until, reason }) => ({ whose: `Tasks with ${model}`, until, reason }))
    : [{ whose: "Its tasks", until: held_until, reason: held_reason }];
  // No push says that a time is over.
  const left = holds.filter(({ until }) => epochOf(until) > now.value);
  if (left.length === 0) return null;
  return (
    <div class="ready-agent-held">
      {left.map(({ whose, until, reason }) => (
        <p key={whose}>
          {whose} go on at <time datetime={until} title={until}>{timeOfDay(until)}</time>{" "}
          ({relative(epochOf(until), now.value)}). The provider says: {reason}
        </p>
      ))}
      <button
        type="button"
        aria-label={`Release ${name}`}
        title="Its tasks go on: one first, the others after its first output."
        onClick={() => void attempt(() => releaseAgent(name), `${name} goes on`)}
      >
        Release
      </button>
    </div>
  );
}
