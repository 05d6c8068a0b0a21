/** The limits: how much is used and by whom, what was refused, and how administrators change them. */
import { useState } from "preact/hooks";
import type { LimitReport } from "../../../protocol/limit_messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { ask } from "../../data/server.ts";
import { usePlace } from "../../hash_location.ts";
import { Problem } from "../../ui/problem.tsx";
import type { Editing } from "./change.ts";
import { Clients } from "./clients.tsx";
import { ChangeLimits, Override, Scaling, Suspend } from "./dialogs.tsx";
import { History } from "./history.tsx";
import { Policy } from "./policy.tsx";
import { UsageOfLimits } from "./usage_of_limits.tsx";
import { Violations } from "./violations.tsx";
import { Page } from "../../ui/page.tsx";
import { Refresh } from "../../ui/refresh.tsx";
import "./limits.css";

const EVERY_MS = 15_000;

async function report(client: string): Promise<LimitReport> {
  return (await ask("request_rate_limits", { client: client || undefined })).data;
}

export function LimitsPage() {
  const [place, setPlace] = usePlace();
  const client = place.get("client") ?? "";
  const answer = useAnswer(() => report(client), EVERY_MS, client);
  const { value, error } = answer;
  const [open, setOpen] = useState<Editing>();
  const again = () => void answer.reload();
  return (
    <Page
      class="limits-page"
      actions={
        <>
          {client !== "" && (
            <button type="button" onClick={() => setPlace({ client: "" })}>Only {client} ×</button>
          )}
          <Refresh at={value?.timestamp} answer={answer} />
        </>
      }
    >
      {error !== undefined && <Problem what="The limits cannot be shown" error={error} />}
      {value === undefined && error === undefined && <div class="card empty">Loading…</div>}
      {value && (
        <>
          <Policy report={value} open={setOpen} reload={again} />
          <UsageOfLimits report={value} client={client} open={setOpen} />
          <History report={value} client={client} />
          <div class="grid-2">
            <Clients
              report={value}
              open={setOpen}
              choose={(one) => setPlace({ client: one })}
              reload={again}
            />
            <Violations report={value} />
          </div>
          {open && <Dialogs change={open} report={value} onDone={again} onClose={() => setOpen(undefined)} />}
        </>
      )}
    </Page>
  );
}

interface DialogsProps {
  change: Editing;
  report: LimitReport;
  onDone: () => void;
  onClose: () => void;
}

function Dialogs({ change, ...rest }: DialogsProps) {
  switch (change.kind) {
    case "limit":
      return <ChangeLimits first={change.limit} {...rest} />;
    case "override":
      return <Override whose={change.client} {...rest} />;
    case "suspend":
      return <Suspend onDone={rest.onDone} onClose={rest.onClose} />;
    case "scaling":
      return <Scaling {...rest} />;
  }
}
