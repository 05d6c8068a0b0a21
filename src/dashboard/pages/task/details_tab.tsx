/** Everything else about the task: its plan, its settings, its attempts, and how it ended. */
import { checkText } from "../../../domain/check_text.ts";
import type { Task } from "../../../domain/task.ts";
import { agentAtWorkOn, agentUsage } from "../../data/machine.ts";
import { isFinished } from "../../../domain/task_values.ts";
import { bytes, dateTime, duration } from "../../../protocol/formats.ts";
import { RuleInWords } from "../../ui/rule.tsx";
import { UsageCharts } from "../../ui/usage_charts.tsx";
import { Attempts } from "./attempts.tsx";
import { Fact } from "./fact.tsx";
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
  const { delegate, mcp_servers = [], checks, check_rounds } = execution;
  return (
    <>
      <Fact name="Delegation">
        {delegate !== undefined && (delegate ? "may start tasks for other agents" : "not allowed")}
      </Fact>
      <Fact name="Checks">{checks && (checks.map(checkText).join(", ") || "none")}</Fact>
      <Fact name="Rounds of checks">{check_rounds}</Fact>
      <Fact name="MCP servers">{mcp_servers.map(({ name }) => name).join(", ")}</Fact>
      <Fact name="Session">{agent_session && <code>{agent_session.session_id}</code>}</Fact>
      <Fact name="Go on by hand">
        {agent_session?.command && (
          <>
            <code>{agent_session.command}</code> in <code>{agent_session.working_dir}</code>
          </>
        )}
      </Fact>
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
        <Fact name="Folder">
          {working?.working_dir ?? working_dir ? <code>{working?.working_dir ?? working_dir}</code> : own}
        </Fact>
        <Fact name="Files">{files_pattern && <code>{files_pattern}</code>}</Fact>
        <Fact name="Time limit">{timeout === undefined ? own : duration(timeout)}</Fact>
        <Fact name="Permissions">{permissions === undefined ? own : PERMISSIONS[permissions]}</Fact>
        <SessionFacts task={task} />
        {attached_files.length > 0 && <dt>Attached</dt>}
        {attached_files.map(({ id, name, bytes: size }) => <dd key={id}>{name}, {bytes(size)}</dd>)}
        {Object.entries({ Model: model, Effort: effort, Mode: mode }).map(([name, chosen]) => (
          <Fact key={name} name={name}>{chosen && <code>{chosen}</code>}</Fact>
        ))}
        <Fact name="Isolation">{isolation === "worktree" && "separate git worktree"}</Fact>
        <Fact name="Attempts">{max_attempts !== undefined && `at most ${max_attempts}`}</Fact>
        <Fact name="Priority boost">{priority_boost}</Fact>
        {env && Object.keys(env).length > 0 && <dt>Variables</dt>}
        {env && Object.keys(env).length > 0 && (
          <dd title="Their values are not shown">
            {Object.keys(env).map((name) => <code key={name} class="env-name">{name}</code>)}
          </dd>
        )}
        <Fact name="Scheduled for">
          {scheduled_time &&
            (recurring ? <RuleInWords rule={{ scheduled_time, recurring }} /> : dateTime(scheduled_time))}
        </Fact>
      </dl>
    </div>
  );
}
