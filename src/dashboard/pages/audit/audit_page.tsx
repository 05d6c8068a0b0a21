/** Who did what: the audit log, newest first, and whether its chain is whole. */
import { useMemo, useState } from "preact/hooks";
import { ApiError } from "../../../domain/errors.ts";
import { counted } from "../../../protocol/formats.ts";
import type { Reply } from "../../../protocol/messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { ask, client, SLOW } from "../../data/server.ts";
import { usePlace } from "../../hash_location.ts";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Refresh } from "../../ui/refresh.tsx";
import { now } from "../../ui/time.tsx";
import { toastError } from "../../ui/toast.tsx";
import { type Filter, filterIn, PARAMETERS } from "./audit_filter.ts";
import { Entries } from "./entries.tsx";
import { FilterFields } from "./filter_fields.tsx";
import "./audit.css";

type Log = Reply<"request_audit_log">;
const PAGE = 100;

export function AuditPage() {
  const [place] = usePlace();
  const about = PARAMETERS.map((name) => place.get(name) ?? "").join("\n");
  // "The last hour" starts an hour before it was chosen and does not move afterward.
  const filter = useMemo(() => filterIn(place, now.peek()), [about]);
  const answer = useAnswer(() => ask("request_audit_log", { filter, limit: PAGE }), 0, about);
  const { value, error } = answer;
  const isOff = error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE";
  return (
    <Page
      class="audit-page"
      actions={
        <>
          {value && <Verify />}
          <Refresh at={value?.timestamp} answer={answer} />
        </>
      }
    >
      {isOff ? <Off /> : (
        <>
          <FilterFields />
          {error !== undefined && <Problem what="The audit log cannot be shown" error={error} />}
          {value === undefined && error === undefined && <div class="card empty">Loading…</div>}
          {value && <Found key={`${about} ${value.timestamp}`} first={value} filter={filter} />}
        </>
      )}
    </Page>
  );
}

function Found({ first, filter }: { first: Log; filter: Filter }) {
  const [older, setOlder] = useState<readonly Log[]>([]);
  const [isAsking, setAsking] = useState(false);
  const { next_cursor } = older.at(-1) ?? first;
  const entries = [first, ...older].flatMap(({ entries }) => entries);
  const more = async () => {
    setAsking(true);
    try {
      const page = await ask("request_audit_log", { filter, limit: PAGE, cursor: next_cursor });
      setOlder((known) => [...known, page]);
    } catch (error) {
      toastError(error);
    } finally {
      setAsking(false);
    }
  };
  return (
    <>
      {entries.length > 0 && <Entries entries={entries} />}
      {entries.length === 0 && next_cursor === undefined && (
        <div class="card empty">
          <strong>No entries</strong>
          <p>Changes, sign-ins and refusals that match would be listed here.</p>
        </div>
      )}
      {next_cursor !== undefined && (
        <button
          type="button"
          class="audit-more"
          disabled={isAsking}
          onClick={() => void more()}
        >
          {isAsking ? "Loading…" : "Older entries"}
        </button>
      )}
    </>
  );
}

function Off() {
  return (
    <div class="card empty">
      <strong>This server keeps no audit log</strong>
      <p>
        It does where keys are required (<code>security.auth</code>), or with <code>audit.enabled: true</code>
        {" "}
        in the configuration file.
      </p>
    </div>
  );
}

/** Computes the chain again. The head is worth keeping elsewhere. */
function Verify() {
  const [result, setResult] = useState<Reply<"verify_audit_log">>();
  const [isBusy, setBusy] = useState(false);
  const verify = async () => {
    setBusy(true);
    try {
      setResult(await client.request("verify_audit_log", {}, SLOW));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <span role="status" class={result?.ok === false ? "status-failed" : "muted"}>
        {result && wordsOf(result)}
      </span>
      <button type="button" disabled={isBusy} onClick={() => void verify()}>
        {isBusy ? "Verifying…" : "Verify"}
      </button>
    </>
  );
}

function wordsOf({ ok, entries, head, chains }: Reply<"verify_audit_log">): string {
  const bad = chains.find((chain) => !chain.ok);
  if (!ok && bad) return `Not in order: entry ${bad.first_bad_seq} of ${bad.node}: ${bad.problem}`;
  return `${counted(entries, "entry", "entries")} in order, head ${head.slice(0, 12)}…`;
}
