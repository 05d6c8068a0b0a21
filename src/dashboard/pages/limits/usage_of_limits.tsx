/** All limits and their use: by all clients together, and by the client with the highest use. */
import { Pencil } from "lucide-preact";
import { type LimitName, SHARED_LIMITS } from "../../../protocol/limits.ts";
import type { LimitReport } from "../../../protocol/limit_messages.ts";
import { epochOf } from "../../../clock/clock.ts";
import { ownLimits } from "../../data/machine.ts";
import { LIMIT_ORDER, LIMITS, UNMEASURED } from "./limit_names.ts";
import type { Editing } from "./change.ts";
import { UsageBar, type Use } from "./usage_bar.tsx";

export interface UsageOfLimitsProps {
  report: LimitReport;
  /** Shows only this client; empty: all clients. */
  client: string;
  open: (change: Editing) => void;
}

export function UsageOfLimits({ report, client, open }: UsageOfLimitsProps) {
  const each = LIMIT_ORDER.filter((limit) => !SHARED_LIMITS.includes(limit));
  const own = Object.entries(ownLimits.value?.limits ?? {}).filter(([limit]) =>
    Object.hasOwn(LIMITS, limit)
  ) as [
    LimitName,
    { current: number; limit: number },
  ][];
  const row = (limit: LimitName) => {
    const use = useOf(report, limit);
    return (
      <UsageBar
        key={limit}
        limit={limit}
        maximum={report.limits[limit]}
        use={use}
        isMeasured={!UNMEASURED.includes(limit)}
        whose={client === "" ? use?.client : undefined}
      >
        <button
          type="button"
          class="icon-button"
          aria-label={`Change ${LIMITS[limit].name}`}
          title="Change"
          onClick={() => open({ kind: "limit", limit })}
        >
          <Pencil size={14} aria-hidden="true" />
        </button>
      </UsageBar>
    );
  };
  return (
    <div class="usages">
      <section class="card" aria-labelledby="of-each">
        <h2 id="of-each">{client === "" ? "Each client" : `Client ${client}`}</h2>
        <ul>{each.map(row)}</ul>
      </section>
      <div class="usages-side">
        <section class="card" aria-labelledby="of-all">
          <h2 id="of-all">All clients together</h2>
          <ul>{SHARED_LIMITS.map(row)}</ul>
        </section>
        <section class="card" aria-labelledby="of-this">
          <h2 id="of-this">This page</h2>
          {own.length === 0 && <p class="muted">No figures yet. The server sends them every few seconds.</p>}
          <ul>
            {own.filter(([limit]) => !SHARED_LIMITS.includes(limit)).map((
              [limit, { current, limit: maximum }],
            ) => <UsageBar key={limit} limit={limit} maximum={maximum} use={{ current, maximum }} />)}
          </ul>
        </section>
      </div>
    </div>
  );
}

/** The highest use by one client; the pushed figure if it is newer. */
function useOf(report: LimitReport, limit: LimitName): Use & { client?: string } | undefined {
  const told = ownLimits.value;
  const live = told?.limits[limit];
  if (SHARED_LIMITS.includes(limit) && live && epochOf(told!.timestamp) > epochOf(report.timestamp)) {
    return { current: live.current, maximum: live.limit };
  }
  return report.usage.filter((use) => use.limit === limit).reduce<Use & { client?: string } | undefined>(
    (most, use) => most && most.current / most.maximum >= use.current / use.maximum ? most : use,
    undefined,
  );
}
