/** Refused requests: what, by which limit, from which client. */
import type { LimitReport } from "../../../protocol/limit_messages.ts";
import { Ago } from "../../ui/time.tsx";
import { limitName } from "./limit_names.ts";

/** The newest refusals shown; the server keeps more. */
const SHOWN = 30;

export function Violations({ report }: { report: LimitReport }) {
  const { violations, violations_by_limit } = report;
  const byLimit = Object.entries(violations_by_limit).sort(([, a], [, b]) => b - a);
  return (
    <section class="card" aria-labelledby="violations">
      <h2 id="violations">Refused in the last hour</h2>
      {violations.length === 0 ? <p class="muted">Nobody was refused.</p> : (
        <>
          <p class="by-limit">
            {byLimit.map(([limit, count]) => (
              <span key={limit}>
                {limitName(limit)} <b class="figure">{count}</b>
              </span>
            ))}
          </p>
          <div class="table-scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Client</th>
                  <th scope="col">Limit</th>
                  <th scope="col" class="number">Times</th>
                </tr>
              </thead>
              <tbody>
                {violations.slice(0, SHOWN).map(({ time, client, limit, count }) => (
                  <tr key={`${time} ${client} ${limit}`}>
                    <td>
                      <Ago iso={time} />
                    </td>
                    <td>{client}</td>
                    <td>{limitName(limit)}</td>
                    <td class="number figure">{count}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {violations.length > SHOWN && <p class="muted">The newest {SHOWN} of {violations.length}.</p>}
        </>
      )}
    </section>
  );
}
