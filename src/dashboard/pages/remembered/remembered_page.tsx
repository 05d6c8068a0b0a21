/** The answers to permission requests that are remembered: each can be forgotten, so that the agent asks again. */
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Reply } from "../../../protocol/messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { ask, client } from "../../data/server.ts";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Ago } from "../../ui/time.tsx";
import { attempt } from "../../ui/toast.tsx";

const EVERY_MS = 15_000;

type Remembered = Reply<"list_remembered">["remembered"][number];

export function RememberedPage() {
  const { value, error, reload } = useAnswer(() => ask("list_remembered", {}), EVERY_MS);
  return (
    <Page>
      {value === undefined && error !== undefined && (
        <Problem what="What is remembered cannot be listed" error={error} />
      )}
      {value === undefined && error === undefined && <div class="card empty">Loading…</div>}
      {value?.remembered.length === 0 && (
        <div class="card empty">
          <strong>No answer is remembered</strong>
          <p>
            When you allow or deny what an agent asks, you can have that answer count always in its task or
            its project. It stands here then.
          </p>
        </div>
      )}
      {value !== undefined && value.remembered.length > 0 && (
        <section class="card" aria-labelledby="remembered">
          <h2 id="remembered">Answers without asking you</h2>
          <div class="table-scroll" role="region" aria-label="Remembered answers" tabIndex={0}>
            <table class="table-as-blocks">
              <thead>
                <tr>
                  <th scope="col">Answer</th>
                  <th scope="col">To</th>
                  <th scope="col">Always in</th>
                  <th scope="col">Agent</th>
                  <th scope="col">Since</th>
                  <th scope="col">Forget</th>
                </tr>
              </thead>
              <tbody>
                {value.remembered.map((one) => <Row key={one.id} one={one} onForgotten={reload} />)}
              </tbody>
            </table>
          </div>
        </section>
      )}
    </Page>
  );
}

function Row({ one, onForgotten }: { one: Remembered; onForgotten: () => Promise<void> }) {
  const { id, decision, kind, command, paths = [], scope, task_id, project, agent, at } = one;
  const [isBusy, setBusy] = useState(false);
  const what = command ?? paths.join(", ");
  const forget = async () => {
    setBusy(true);
    await attempt(() => client.request("forget_remembered", { id }), `${agent} asks again for: ${what}`);
    setBusy(false);
    await onForgotten();
  };
  return (
    <tr>
      <td data-of="Answer">{decision === "allow" ? "Allow" : "Deny"}</td>
      <td data-of="To">
        {command === undefined && <span class="muted">{`${kind} `}</span>}
        <code>{what}</code>
      </td>
      <td data-of="Always in">
        {scope === "project" ? `project ${project}` : <Link href={`/tasks/${task_id}`}>{task_id}</Link>}
      </td>
      <td data-of="Agent">{agent}</td>
      <td data-of="Since">
        <Ago iso={at} />
      </td>
      <td data-of="Forget">
        <button type="button" disabled={isBusy} aria-label={`Forget: ${what}`} onClick={() => void forget()}>
          Forget
        </button>
      </td>
    </tr>
  );
}
