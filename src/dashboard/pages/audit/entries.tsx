/** The entries of the audit log. Who and what lead to all entries of the same. */
import { actorName } from "../../../domain/actor.ts";
import type { Reply } from "../../../protocol/messages.ts";
import { dateTime } from "../../../protocol/formats.ts";
import { usePlace } from "../../hash_location.ts";

type Entry = Reply<"request_audit_log">["entries"][number];

const CLASSES = { ok: "muted", denied: "badge status-needs", failed: "badge status-failed" };
const WORDS = { ok: "done", denied: "denied", failed: "failed" };

export function Entries({ entries }: { entries: readonly Entry[] }) {
  return (
    <div class="table-scroll" role="region" aria-label="Entries" tabIndex={0}>
      <table class="table-as-blocks audit-entries">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Who</th>
            <th scope="col">Action</th>
            <th scope="col">About</th>
            <th scope="col">Outcome</th>
            <th scope="col">Details</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => <Row key={`${entry.node} ${entry.seq}`} entry={entry} />)}
        </tbody>
      </table>
    </div>
  );
}

function Row({ entry }: { entry: Entry }) {
  const { node, seq, time, actor, ip, action, target, outcome, code, details } = entry;
  return (
    <tr>
      <td data-of="Time">
        <time class="figure" dateTime={time} title={`entry ${seq} of ${node}`}>{dateTime(time)}</time>
      </td>
      <td data-of="Who">
        <Narrow name="actor" value={actor.id ?? actor.kind} text={actorName(actor)} />
        {ip !== undefined && <div class="muted">{ip}</div>}
      </td>
      <td data-of="Action">
        <Narrow name="action" value={action} text={action} />
      </td>
      <td data-of="About">
        {target === undefined
          ? <span class="muted">–</span>
          : <Narrow name="target" value={target} text={target} />}
      </td>
      <td data-of="Outcome">
        <span class={CLASSES[outcome]}>{WORDS[outcome]}</span>
        {code !== undefined && <div class="muted">{code}</div>}
      </td>
      <td data-of="Details">
        {Object.keys(details).length > 0 && <code>{JSON.stringify(details)}</code>}
      </td>
    </tr>
  );
}

function Narrow({ name, value, text }: { name: string; value: string; text: string }) {
  const [, setPlace] = usePlace();
  return (
    <button
      type="button"
      class="audit-narrow"
      title={`Only ${text}`}
      onClick={() => setPlace({ [name]: value })}
    >
      {text}
    </button>
  );
}
