/** Everything else about the task: its plan, its settings, its attempts, and how it ended. */
import { Fragment } from "preact";
import type { Task } from "../../../domain/task.ts";
import { agentAtWorkOn, agentUsage } from "../../data/machine.ts";
import { isFinished } from "../../../domain/task_values.ts";
import { bytes, dateTime, duration } from "../../../protocol/formats.ts";
import { ruleInWords } from "../../ui/schedule_words.ts";
import { UsageCharts } from "../../ui/usage_charts.tsx";
import { Attempts } from "./attempts.tsx";
import { HowItEnded } from "./how_it_ended.tsx";
import { Plan } from "./plan.tsx";
import type { TabProps } from "./tab_props.ts";
import { TaskSummary } from "./task_summary.tsx";
import { ValueView } from "./value_view.tsx";
import "./details_tab.css";

/** The page's head cuts a description with more characters. */
const LONG = 200;

export function DetailsTab({ task, result }: TabProps) {
  const { description, status, execution } = task;
  const { warnings = [] } = isFinished(status) ? result.value ?? {} : {};
  return (
    <>
      <TaskSummary task={task} attempts={result.value?.attempts ?? []} />
      <div class="task-details">
        <div class="task-main">
          {warnings.map((warning) => <p key={warning} class="notice notice-warning">{warning}</p>)}
          <Plan task={task} />
          {execution?.prompt !== undefined && description.length > LONG && (
            <div class="card">
              <h2>Description</h2>
              <p class="task-description">{description}</p>
            </div>
          )}
          <HowItEnded task={task} result={result} />
          <Attempts task={task} result={result} />
        </div>
        <div class="task-side">
          <Usage task={task} />
          <Settings task={task} />
          {task.metadata && Object.keys(task.metadata).length > 0 && (
            <div class="card">
              <h2>Metadata</h2>
              <ValueView value={task.metadata} />
            </div>
          )}
        </div>
      </div>
    </>
  );
}

function Usage({ task }: { task: Task }) {
  const agent = agentAtWorkOn(task.id);
  const samples = agent && agentUsage.value.get(agent.id);
  if (!agent || !samples || samples.length < 2) return null;
  return (
    <div class="card">
      <h2>What the agent uses</h2>
      <UsageCharts of={`the agent of ${task.id}`} samples={samples} isCompact />
    </div>
  );
}

export const PERMISSIONS = {
  ask: "a person is asked",
  allow: "all in its folder are allowed",
  deny: "all are denied",
};

/** The agent's session, what it may use, and how the user goes on with it. */
function SessionFacts({ task: { execution = {}, agent_session } }: { task: Task }) {
  const { delegate, mcp_servers = [] } = execution;
  return (
    <>
      {delegate !== undefined && <dt>Delegation</dt>}
      {delegate !== undefined && <dd>{delegate ? "may start tasks for other agents" : "not allowed"}</dd>}
      {mcp_servers.length > 0 && <dt>MCP servers</dt>}
      {mcp_servers.length > 0 && <dd>{mcp_servers.map(({ name }) => name).join(", ")}</dd>}
      {agent_session && <dt>Session</dt>}
      {agent_session && (
        <dd>
          <code>{agent_session.session_id}</code>
        </dd>
      )}
      {agent_session?.command && <dt>Go on by hand</dt>}
      {agent_session?.command && (
        <dd>
          <code>{agent_session.command}</code> in <code>{agent_session.working_dir}</code>
        </dd>
      )}
    </>
  );
}

function Settings({ task }: { task: Task }) {
  const { execution = {}, timeout, files_pattern, scheduled_time, recurring, attached_files = [] } = task;
  const { working_dir, model, effort, mode, isolation, permissions, max_attempts, priority_boost, env } =
    execution;
  const working = agentAtWorkOn(task.id);
  const own = <span class="muted">server default</span>;
  return (
    <div class="card">
      <h2>Settings</h2>
      <dl class="facts">
        <dt>Folder</dt>
        <dd>
          {working?.working_dir ?? working_dir ? <code>{working?.working_dir ?? working_dir}</code> : own}
        </dd>
        {files_pattern && <dt>Files</dt>}
        {files_pattern && (
          <dd>
            <code>{files_pattern}</code>
          </dd>
        )}
        <dt>Time limit</dt>
        <dd>{timeout === undefined ? own : duration(timeout)}</dd>
        <dt>Permissions</dt>
        <dd>{permissions === undefined ? own : PERMISSIONS[permissions]}</dd>
        <SessionFacts task={task} />
        {attached_files.length > 0 && <dt>Attached</dt>}
        {attached_files.map(({ id, name, bytes: size }) => <dd key={id}>{name}, {bytes(size)}</dd>)}
        {Object.entries({ Model: model, Effort: effort, Mode: mode }).map(([name, chosen]) =>
          chosen && (
            <Fragment key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{chosen}</code>
              </dd>
            </Fragment>
          )
        )}
        {isolation === "worktree" && <dt>Isolation</dt>}
        {isolation === "worktree" && <dd>separate git worktree</dd>}
        {max_attempts !== undefined && <dt>Attempts</dt>}
        {max_attempts !== undefined && <dd>at most {max_attempts}</dd>}
        {priority_boost !== undefined && <dt>Priority boost</dt>}
        {priority_boost !== undefined && <dd>{priority_boost}</dd>}
        {env && Object.keys(env).length > 0 && <dt>Variables</dt>}
        {env && Object.keys(env).length > 0 && (
          <dd title="Their values are not shown">
            {Object.keys(env).map((name) => <code key={name} class="env-name">{name}</code>)}
          </dd>
        )}
        {scheduled_time && <dt>Scheduled for</dt>}
        {scheduled_time && (
          <dd>{recurring ? ruleInWords({ scheduled_time, recurring }) : dateTime(scheduled_time)}</dd>
        )}
      </dl>
    </div>
  );
}
