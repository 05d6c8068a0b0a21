/** Whether limits are in force, and whether load lowers them. */
import { useState } from "preact/hooks";
import type { LimitReport } from "../../../protocol/limit_messages.ts";
import { dateTime, percent, relative } from "../../../protocol/formats.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { now } from "../../ui/time.tsx";
import { attempt } from "../../ui/toast.tsx";
import { client } from "../../data/server.ts";
import { epochOf } from "../../../clock/clock.ts";
import type { Change, Editing } from "./change.ts";

export interface PolicyProps {
  report: LimitReport;
  open: (change: Editing) => void;
  reload: () => void;
}

export function Policy({ report, open, reload }: PolicyProps) {
  const { enabled, suspended, scaling } = report;
  const [isResuming, setResuming] = useState(false);
  const send = async (requested: Change, done: string) => {
    if (await attempt(() => client.request("update_rate_limits", requested), done)) reload();
  };
  if (!enabled) {
    return (
      <div class="notice notice-warning">
        <strong>There are no limits.</strong> The configuration says{" "}
        <code>limits.enabled: false</code>; changes here take effect when that is changed.
      </div>
    );
  }
  const factor = scaling.factor < 1 ? `lowered to ${percent(100 * scaling.factor)} now` : "not lowered now";
  return (
    <ul class="policy">
      <li class={`card${suspended ? " is-suspended" : ""}`}>
        <div>
          <strong>{suspended ? "All limits are suspended" : "Limits are in force"}</strong>
          <span class="muted">
            {suspended
              ? (
                <>
                  They come back{" "}
                  <time title={dateTime(suspended.until)}>
                    {relative(epochOf(suspended.until), now.value)}
                  </time>
                  {suspended.reason && `: ${suspended.reason}`}
                </>
              )
              : "Requests beyond a limit are refused, with the time to try again."}
          </span>
        </div>
        {suspended
          ? <button type="button" class="primary" onClick={() => setResuming(true)}>Resume…</button>
          : <button type="button" class="danger" onClick={() => open({ kind: "suspend" })}>Suspend…</button>}
      </li>
      <li class="card">
        <div>
          <strong>Lower under load: {scaling.enabled ? "on" : "off"}</strong>
          <span class="muted">
            {scaling.enabled ? `Message limits are ${factor}.` : "Message limits do not depend on the load."}
          </span>
        </div>
        {scaling.enabled
          ? (
            <button
              type="button"
              onClick={() =>
                void send({ scaling: { enabled: false } }, "Message limits no longer depend on the load")}
            >
              Switch off
            </button>
          )
          : <button type="button" onClick={() => open({ kind: "scaling" })}>Switch on…</button>}
      </li>
      {isResuming && (
        <Confirm
          title="Resume all limits"
          action="Resume"
          onConfirm={() => void send({ resume: true }, "Limits are in force again")}
          onClose={() => setResuming(false)}
        >
          The limits hold again at once; who has used up one is refused.
        </Confirm>
      )}
    </ul>
  );
}
