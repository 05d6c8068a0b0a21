/** Each attempt of the task: its agent, how it ended and why. */
import { counted } from "../../../protocol/formats.ts";
import { Problem } from "../../ui/problem.tsx";
import { Ago, Lasting } from "../../ui/time.tsx";
import type { TabProps } from "./tab_props.ts";
import type { AttemptView } from "./timeline.ts";
import "./attempts.css";

const OUTCOMES: Record<string, { name: string; color: string }> = {
  completed: { name: "Completed", color: "completed" },
  failed: { name: "Failed", color: "failed" },
  cancelled: { name: "Cancelled", color: "cancelled" },
  interrupted: { name: "Interrupted", color: "paused" },
  timeout: { name: "Out of time", color: "failed" },
  unresponsive: { name: "No sign of life", color: "failed" },
};

export function Attempts({ task, result }: Pick<TabProps, "task" | "result">) {
  const attempts = result.value?.attempts;
  if (!attempts) {
    return result.error === undefined
      ? null
      : <Problem what="The attempts cannot be shown" error={result.error} />;
  }
  if (attempts.length === 0) return null;
  const left = task.attempt - attempts.length;
  return (
    <ol class="attempts" aria-label="Attempts, the newest first">
      {[...attempts].reverse().map((attempt) => <Attempt key={attempt.attempt} attempt={attempt} />)}
      {left > 0 && (
        <li class="muted">{counted(left, "earlier attempt")} not shown: the server keeps only the newest.</li>
      )}
    </ol>
  );
}

function Attempt({ attempt: one }: { attempt: AttemptView }) {
  const { attempt, agent, started_at, ended_at, outcome, error, failure, exit_code, stop_reason, resumed } =
    one;
  const state = outcome === undefined
    ? { name: "Under way", color: "running" }
    : OUTCOMES[outcome] ?? { name: outcome, color: "cancelled" };
  return (
    <li class="card attempt">
      <header>
        <h3>Attempt {attempt}</h3>
        <span class={`badge status-${state.color}`}>{state.name}</span>
        {resumed && (
          <span class="badge" title="It continued the session of the previous attempt">Session resumed</span>
        )}
        {resumed === false && (
          <span class="badge" title="It did not continue the session of the previous attempt">
            New session
          </span>
        )}
      </header>
      <dl class="run-facts">
        <div>
          <dt>Agent</dt>
          <dd>{agent}</dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>
            <Ago iso={started_at} />
          </dd>
        </div>
        {ended_at !== undefined && (
          <div>
            <dt>Ended</dt>
            <dd>
              <Ago iso={ended_at} />
            </dd>
          </div>
        )}
        <div>
          <dt>{ended_at === undefined ? "Lasting" : "Took"}</dt>
          <dd>
            <Lasting from={started_at} to={ended_at} />
          </dd>
        </div>
        {failure !== undefined && (
          <div>
            <dt>Failure</dt>
            <dd>{failure.kind.replaceAll("_", " ")}</dd>
          </div>
        )}
        {exit_code !== undefined && (
          <div>
            <dt>Exit code</dt>
            <dd class="figure">{exit_code}</dd>
          </div>
        )}
        {stop_reason !== undefined && (
          <div>
            <dt>Stop reason</dt>
            <dd>
              <code>{stop_reason}</code>
            </dd>
          </div>
        )}
      </dl>
      {error !== undefined && <pre class="notice notice-error">{error}</pre>}
    </li>
  );
}
