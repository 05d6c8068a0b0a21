/** What a template's hook was sent last, and what came of it. */
import { Link } from "wouter-preact";
import { useAnswer } from "../../data/answer.ts";
import { ask, client } from "../../data/server.ts";
import { Problem } from "../../ui/problem.tsx";
import { Ago } from "../../ui/time.tsx";
import { attempt } from "../../ui/toast.tsx";

const AGAIN_AFTER_MS = 30_000;
const SHOWN = 20;

export function Deliveries({ template, path }: { template: string; path: string }) {
  const { value, error, reload } = useAnswer(
    () => ask("list_deliveries", { template, limit: SHOWN }),
    AGAIN_AFTER_MS,
    template,
  );
  const replay = async (delivery_id: string) => {
    await attempt(
      () => client.request("replay_delivery", { delivery_id, template }),
      `${delivery_id} was replayed`,
    );
    await reload();
  };
  return (
    <section aria-label="Deliveries">
      <h3>
        Deliveries to <code>{path}</code>
      </h3>
      {error !== undefined && <Problem what="The deliveries cannot be shown" error={error} />}
      {value?.deliveries.length === 0 && <p class="muted">Nothing has come yet.</p>}
      <ul class="upcoming">
        {value?.deliveries.map(({ delivery_id, time, event, outcome, reason, task_id }) => (
          <li key={delivery_id}>
            <Ago iso={time} /> {event} <code>{delivery_id}</code>: {outcome}
            {reason === undefined ? "" : `, ${reason}`}{" "}
            {task_id !== undefined && <Link href={`/tasks/${task_id}`}>{task_id}</Link>}{" "}
            <button
              type="button"
              onClick={() =>
                replay(delivery_id)}
            >
              Replay
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
