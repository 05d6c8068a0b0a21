/** The clients that use the server most, and the clients with their own limits. */
import { useState } from "preact/hooks";
import type { LimitReport } from "../../../protocol/limit_messages.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { Ago } from "../../ui/time.tsx";
import { attempt } from "../../ui/toast.tsx";
import { client as connection } from "../../data/server.ts";
import { limitName } from "./limit_names.ts";
import type { Editing } from "./change.ts";

export interface ClientsProps {
  report: LimitReport;
  open: (change: Editing) => void;
  /** Shows one client only. */
  choose: (client: string) => void;
  reload: () => void;
}

export function Clients({ report, open, choose, reload }: ClientsProps) {
  const { top_clients, overrides } = report;
  const [lifted, setLifted] = useState<string>();
  const lift = async (lift_override: string) => {
    const action = () => connection.request("update_rate_limits", { lift_override });
    if (await attempt(action, `${lift_override} now has the same limits as all others`)) reload();
  };
  return (
    <section class="card" aria-labelledby="clients">
      <div class="head">
        <h2 id="clients">Top clients</h2>
        <button type="button" onClick={() => open({ kind: "override", client: "" })}>
          Limits for a client…
        </button>
      </div>
      {top_clients.length === 0
        ? <p class="muted">No clients in the last hour.</p>
        : (
          <div class="table-scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">Client</th>
                  <th scope="col" class="number">Connections</th>
                  <th scope="col" class="number">Messages</th>
                  <th scope="col" class="number">Refused</th>
                </tr>
              </thead>
              <tbody>
                {top_clients.map(({ client, connections, messages, refused }) => (
                  <tr key={client}>
                    <td>
                      <button type="button" class="client-name" onClick={() => choose(client)}>
                        {client}
                      </button>
                    </td>
                    <td class="number figure">{connections}</td>
                    <td class="number figure">{messages}</td>
                    <td class={`number figure${refused > 0 ? " has-refused" : ""}`}>{refused}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      <h3 class="overrides-head">Clients with their own limits</h3>
      {overrides.length === 0 && <p class="muted">Every client has the limits above.</p>}
      <ul class="overrides">
        {overrides.map(({ client, limits, until }) => (
          <li key={client}>
            <div>
              <strong>{client}</strong>{" "}
              <span class="muted">
                {until
                  ? (
                    <>
                      ends <Ago iso={until} />
                    </>
                  )
                  : "until it is lifted"}
              </span>
              <div class="muted">
                {Object.entries(limits).map(([limit, value]) => `${limitName(limit)} ${value}`).join(", ")}
              </div>
            </div>
            <div class="buttons">
              <button
                type="button"
                aria-label={`Change the limits of ${client}`}
                onClick={() => open({ kind: "override", client })}
              >
                Change…
              </button>
              <button
                type="button"
                class="danger"
                aria-label={`Lift the limits of ${client}`}
                onClick={() => setLifted(client)}
              >
                Lift…
              </button>
            </div>
          </li>
        ))}
      </ul>
      {lifted !== undefined && (
        <Confirm
          title={`Lift the limits of ${lifted}`}
          action="Lift them"
          onConfirm={() => void lift(lifted)}
          onClose={() => setLifted(undefined)}
        >
          From now on this client has the limits of all others.
        </Confirm>
      )}
    </section>
  );
}
