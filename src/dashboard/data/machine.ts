/** The machine and its agents over time, since this page was opened: the server keeps no history. */
import { computed, signal } from "@preact/signals";
import { epochOf } from "../../clock/clock.ts";
import type { Agent } from "../../protocol/basic_messages.ts";
import type { Process, SystemLoad } from "../../protocol/process.ts";
import type { Pushes } from "../../protocol/pushes.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import { onPush, onResubscribed } from "./pushes.ts";
import { ask } from "./server.ts";
import { taskOf } from "./tasks.ts";
import { isFinished } from "../../domain/task_values.ts";

/** One hour at the usual push every five seconds. */
const SAMPLES_MAX = 720;

export const resources = signal<readonly SystemResources[]>([]);

/** The agents as the server last reported them. */
const told = signal<readonly Agent[]>([]);

/**
 * Agents at work. A measurement may arrive after the agent's task has ended, or before this page knows the task. No later
 * push would remove such an agent, so its task decides.
 */
export const agents = computed<readonly Agent[]>(() =>
  told.value.some(isOver) ? told.value.filter((agent) => !isOver(agent)) : told.value
);

/** The agent at work on the task. */
export function agentAtWorkOn(task_id: string): Agent | undefined {
  return agents.value.find((agent) => agent.task_id === task_id);
}

function isOver({ task_id }: Pick<Agent, "task_id">): boolean {
  const task = taskOf(task_id);
  return task !== undefined && isFinished(task.status);
}

/** The latest scan of processes. */
export const processScan = signal<
  { processes: Process[]; system_load?: SystemLoad; timestamp: string } | undefined
>(
  undefined,
);

export interface UsageSample {
  /** Milliseconds since the epoch. */
  at: number;
  cpu_percent: number;
  memory_bytes: number;
}

type Usage<Key> = ReadonlyMap<Key, readonly UsageSample[]>;

/** The state of this page's connection, as the server sees it. */
export const connectionStatus = signal<Pushes["connection_status"] | undefined>(undefined);
/** How much of each limit this page's connection uses. */
export const ownLimits = signal<Pushes["rate_limit_info"] | undefined>(undefined);

/** By pid; processes that are gone are dropped. */
export const processUsage = signal<Usage<number>>(new Map());
/** By the agent's id, while it is at work. */
export const agentUsage = signal<Usage<string>>(new Map());

/** Keeps a sample of the machine's resources, unless it is no newer than the last. */
export function addResources(sample: SystemResources): void {
  const last = resources.value.at(-1);
  if (last !== undefined && epochOf(sample.timestamp) <= epochOf(last.timestamp)) return;
  resources.value = [...resources.value, sample].slice(-SAMPLES_MAX);
}

function scanned({ processes, system_load, timestamp }: Pushes["detailed_process_scan"]): void {
  const before = processScan.value;
  if (before && epochOf(timestamp) <= epochOf(before.timestamp)) return;
  processScan.value = { processes, system_load, timestamp };
  addUsage(processes, timestamp);
}

/** The processes of the last complete list: scans cover agents only. */
let listed: ReadonlySet<number> = new Set();

/** Records a requested list of processes. `isComplete`: it covers the whole machine. */
export function noteProcesses(
  { processes, system_load, timestamp }: {
    processes: Process[];
    system_load?: SystemLoad;
    timestamp: string;
  },
  isComplete: boolean,
): void {
  if (!isComplete) {
    return scanned({ type: "detailed_process_scan", processes, system_load, timestamp, scan_duration_ms: 0 });
  }
  listed = new Set(processes.map(({ pid }) => pid));
  addUsage(processes, timestamp);
}

/** Reported start times vary by a second or two. If they differ more, the pid belongs to another process. */
const SAME_START_S = 5;
const started = new Map<number, number>();

function addUsage(processes: readonly Process[], timestamp: string): void {
  const at = epochOf(timestamp);
  const seen = new Set(processes.map(({ pid }) => pid));
  const usage = new Map([...processUsage.value].filter(([pid]) => seen.has(pid) || listed.has(pid)));
  for (const { pid, cpu_percent, memory_rss, create_time } of processes) {
    const isSame = Math.abs((started.get(pid) ?? create_time) - create_time) <= SAME_START_S;
    const before = isSame ? usage.get(pid) ?? [] : [];
    started.set(pid, create_time);
    if ((before.at(-1)?.at ?? -Infinity) >= at) continue;
    usage.set(pid, [...before, { at, cpu_percent, memory_bytes: memory_rss }].slice(-SAMPLES_MAX));
  }
  for (const pid of started.keys()) if (!usage.has(pid)) started.delete(pid);
  processUsage.value = usage;
}

function agentChanged({ agent, timestamp }: Pushes["agent_update"]): void {
  if (agent.status === "stopping") return agentsGone((other) => other.id === agent.id);
  // Measurements may arrive after the task has ended.
  if (isOver(agent) && agent.status !== "starting") return;
  // Status changes arrive without figures, so the last figures stay.
  const known = told.value.find(({ id }) => id === agent.id);
  // A task has one agent at a time, but each attempt's agent has its own id.
  const others = told.value.filter(({ task_id }) => task_id !== agent.task_id);
  told.value = [...others, { ...known, ...agent }];
  const { cpu_percent, memory_usage } = agent;
  if (cpu_percent === undefined || memory_usage === undefined) return;
  const sample = { at: epochOf(timestamp), cpu_percent, memory_bytes: memory_usage };
  const before = agentUsage.value.get(agent.id) ?? [];
  // Two pushes may come from one scan.
  if ((before.at(-1)?.at ?? -Infinity) >= sample.at) return;
  const usage = [...before, sample].slice(-SAMPLES_MAX);
  agentUsage.value = new Map([...agentUsage.value, [agent.id, usage]]);
}

function agentsGone(isGone: (agent: Agent) => boolean): void {
  told.value = told.value.filter((agent) => !isGone(agent));
  const left = new Set(told.value.map(({ id }) => id));
  agentUsage.value = new Map([...agentUsage.value].filter(([id]) => left.has(id)));
}

async function load(): Promise<void> {
  const { data } = await ask("request_status");
  told.value = data.agents;
  agentsGone(() => false);
  if (data.system_resources) addResources(data.system_resources);
}

/** Call once, before `listen`. */
export function keepMachine(): void {
  onResubscribed(load);
  onPush("resource_update", ({ resources }) => addResources(resources));
  onPush("detailed_process_scan", scanned);
  onPush("agent_update", agentChanged);
  onPush("connection_status", (push) => void (connectionStatus.value = push));
  onPush("rate_limit_info", (push) => {
    // A warning has only the limits that are nearly used up.
    ownLimits.value = { ...push, limits: { ...ownLimits.value?.limits, ...push.limits } };
  });
  onPush("task_status_update", ({ task_id, new_status }) => {
    if (new_status !== "running" && new_status !== "paused") agentsGone((agent) => agent.task_id === task_id);
  });
}
