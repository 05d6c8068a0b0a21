/** A schedule's past runs, the newest first. */
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Task } from "../../../domain/task.ts";
import { StatusBadge } from "../../ui/status.tsx";
import { Ago, Lasting } from "../../ui/time.tsx";

const SHOWN = 10;

export function PastRuns({ tasks }: { tasks: readonly Task[] }) {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? tasks : tasks.slice(0, SHOWN);
  return (
    <section>
      <h3>Past runs</h3>
      {tasks.length === 0
        ? <p class="muted">None yet.</p>
        : (
          <div class="table-scroll" tabIndex={0} role="group" aria-label="Past runs">
            <table>
              <thead>
                <tr>
                  <th scope="col">Task</th>
                  <th scope="col">Status</th>
                  <th scope="col">Made</th>
                  <th scope="col">Took</th>
                </tr>
              </thead>
              <tbody>
                {shown.map(({ id, status, created_at, started_at, completed_at }) => (
                  <tr key={id}>
                    <td>
                      <Link href={`/tasks/${id}`}>{id}</Link>
                    </td>
                    <td>
                      <StatusBadge status={status} />
                    </td>
                    <td>
                      <Ago iso={created_at} />
                    </td>
                    <td>{started_at ? <Lasting from={started_at} to={completed_at} /> : "–"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      {shown.length < tasks.length && (
        <button type="button" onClick={() => setAll(true)}>Show all {tasks.length}</button>
      )}
    </section>
  );
}
