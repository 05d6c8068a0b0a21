/** Messages let through and refused, minute by minute. */
import type { LimitReport } from "../../../protocol/limit_messages.ts";
import { epochOf } from "../../../clock/clock.ts";
import { Chart } from "../../ui/chart.tsx";

export function History({ report, client }: { report: LimitReport; client: string }) {
  const { history } = report;
  const refused = history.reduce((sum, minute) => sum + minute.refused, 0);
  const messages = history.reduce((sum, minute) => sum + minute.messages, 0);
  const times = history.map(({ minute }) => epochOf(minute));
  return (
    <section class="card" aria-labelledby="history">
      <div class="head">
        <h2 id="history">Messages per minute{client && `, of ${client}`}</h2>
        <span class="muted figure">
          in the last hour: {messages} let through, {refused} refused
        </span>
      </div>
      <Chart
        label="Messages per minute over the last hour"
        times={times}
        series={[
          { name: "Let through", color: "--s2", values: history.map((minute) => minute.messages) },
          { name: "Refused", color: "--bad", values: history.map((minute) => minute.refused) },
        ]}
        format={String}
        isBars
      />
    </section>
  );
}
