/** The tenants that share the server: what each may use, what it uses, and a way to see its tasks. */
import type { TenantView } from "../../../protocol/tenant_messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { ask } from "../../data/server.ts";
import { isShown, showTenant } from "../../data/tenant.ts";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";

const EVERY_MS = 15_000;

export function TenantsPage() {
  const { value, error } = useAnswer(() => ask("list_tenants", {}), EVERY_MS);
  return (
    <Page>
      {value === undefined && error !== undefined && (
        <Problem
          what="Tenants cannot be listed"
          error={error}
        />
      )}
      {value === undefined && error === undefined && <div class="card empty">Loading…</div>}
      {value?.tenants.length === 1 && (
        <div class="card empty">
          <strong>Nobody shares this server</strong>
          <p>
            <code>tenants</code> in the configuration lets groups share it that see nothing of each other.
          </p>
        </div>
      )}
      {value !== undefined && value.tenants.length > 1 && (
        <section class="card" aria-labelledby="tenants">
          <h2 id="tenants">Who shares this server</h2>
          <div class="table-scroll" role="region" aria-label="Tenants" tabIndex={0}>
            <table class="table-as-blocks">
              <thead>
                <tr>
                  <th scope="col">Tenant</th>
                  <th scope="col">Running</th>
                  <th scope="col">Unfinished</th>
                  <th scope="col">Tasks</th>
                  <th scope="col">Keys</th>
                  <th scope="col">Cost today</th>
                  <th scope="col">Bound to</th>
                  <th scope="col">Show</th>
                </tr>
              </thead>
              <tbody>{value.tenants.map((one) => <Row key={one.name} one={one} />)}</tbody>
            </table>
          </div>
        </section>
      )}
    </Page>
  );
}

function Row(
  { one: { name, quota, running, unfinished, tasks, keys, cost_usd_today } }: { one: TenantView },
) {
  const of = (most: number | undefined) => most === undefined ? "" : ` of ${most}`;
  return (
    <tr>
      <td data-of="Tenant">
        <strong>{name}</strong>
      </td>
      <td data-of="Running">{`${running}${of(quota.max_concurrent)}`}</td>
      <td data-of="Unfinished">{`${unfinished}${of(quota.max_tasks)}`}</td>
      <td data-of="Tasks">{tasks}</td>
      <td data-of="Keys">{keys}</td>
      <td data-of="Cost today">{`$${cost_usd_today.toFixed(2)}${of(quota.budget_usd_per_day)}`}</td>
      <td data-of="Bound to" class="muted">{boundsOf(quota)}</td>
      <td data-of="Show">
        {isShown(name)
          ? <span class="muted">Shown</span>
          : (
            <button type="button" aria-label={`Show the tasks of ${name}`} onClick={() => showTenant(name)}>
              Show
            </button>
          )}
      </td>
    </tr>
  );
}

/** What it may use in words, as far as no other column says it. */
function boundsOf({ projects, agents, allowed_dirs, tasks_per_minute }: TenantView["quota"]): string {
  const list = (what: string, names: readonly string[] | undefined) =>
    names ? [`${what} ${names.join(", ")}`] : [];
  return [
    ...list("projects", projects),
    ...list("agents", agents),
    ...list("folders", allowed_dirs),
    ...tasks_per_minute === undefined ? [] : [`${tasks_per_minute} starts a minute`],
  ].join("; ");
}
