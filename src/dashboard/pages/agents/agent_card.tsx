/** One agent at work: its task, and its processor and memory over time. */
import { Bot } from "lucide-preact";
import { Link } from "wouter-preact";
import type { Agent } from "../../../protocol/basic_messages.ts";
import { agentUsage } from "../../data/machine.ts";
import { taskOf } from "../../data/tasks.ts";
import { ProgressBar } from "../../ui/status.tsx";
import { Lasting } from "../../ui/time.tsx";
import { UsageCharts } from "../../ui/usage_charts.tsx";
import "./agent_card.css";

/** An agent's states in words, each with the color of a status. */
const STATES: Record<string, { name: string; color: string }> = {
  starting: { name: "Starting", color: "queued" },
  running: { name: "Working", color: "running" },
  retrying: { name: "Asks its model again", color: "queued" },
  waiting_for_permission: { name: "Waits for permission", color: "needs" },
  waiting_for_answer: { name: "Waits for an answer", color: "needs" },
  paused: { name: "Paused", color: "paused" },
  unresponsive: { name: "No sign of life", color: "failed" },
  stopping: { name: "Stopping", color: "cancelled" },
};

export function AgentCard({ agent }: { agent: Agent }) {
  const { id, type, task, task_id, pid, working_dir, start_time, status } = agent;
  const state = STATES[status] ?? { name: status.replaceAll("_", " "), color: "running" };
  const known = taskOf(task_id);
  return (
    <article class="card agent-card" aria-label={`Agent ${type} on ${task_id}`}>
      <header>
        <Bot size={18} aria-hidden="true" />
        <strong>{type}</strong>
        <span class={`badge status-${state.color}`}>{state.name}</span>
        <span class="muted agent-since">
          <Lasting from={start_time} />
        </span>
      </header>
      <Link class="agent-task" href={`/tasks/${encodeURIComponent(task_id)}`}>{task}</Link>
      {known && <ProgressBar task={known} />}
      <div class="muted agent-step">
        <span class="clip">{known?.progress_details?.current_step ?? task_id}</span>
        <span class="figure">{known?.progress ?? agent.progress} %</span>
      </div>
      <UsageCharts of={`agent ${type} on ${task_id}`} samples={agentUsage.value.get(id) ?? []} isCompact />
      <footer class="muted">
        {pid === undefined
          ? <span>no process yet</span>
          : <Link href={`/agents?pid=${pid}`} title="Its process, below">pid {pid}</Link>}
        {working_dir && <code class="clip" title={working_dir}>{working_dir}</code>}
      </footer>
    </article>
  );
}
