/** The machine and its agents over time, as far as this page has seen them: the server keeps no history of either. */
import { signal } from "@preact/signals";
import { epochOf } from "../../clock/clock.ts";
import type { Agent } from "../../protocol/basic_messages.ts";
import type { Process, SystemLoad } from "../../protocol/process.ts";
import type { Pushes } from "../../protocol/pushes.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import { onPush, onResubscribed } from "./pushes.ts";
import { ask } from "./server.ts";

/** At the usual five seconds a push, an hour. */
const SAMPLES_MAX = 720;

export const resources = signal<readonly SystemResources[]>([]);
export const agents = signal<readonly Agent[]>([]);

/** The scan of processes that is known last. */
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

/** By pid; those of processes that are gone are dropped. */
export const processUsage = signal<Usage<number>>(new Map());
/** By the agent's id, for as long as it is at work. */
export const agentUsage = signal<Usage<string>>(new Map());

function addResources(sample: SystemResources): void {
  const last = resources.value.at(-1);
  if (last !== undefined && epochOf(sample.timestamp) <= epochOf(last.timestamp)) return;
  resources.value = [...resources.value, sample].slice(-SAMPLES_MAX);
}

function scanned({ processes, system_load, timestamp }: Pushes["detailed_process_scan"]): void {
  processScan.value = { processes, system_load, timestamp };
  const at = epochOf(timestamp);
  const usage = new Map<number, readonly UsageSample[]>();
  for (const { pid, cpu_percent, memory_rss } of processes) {
    const before = processUsage.value.get(pid) ?? [];
    usage.set(pid, [...before, { at, cpu_percent, memory_bytes: memory_rss }].slice(-SAMPLES_MAX));
  }
  processUsage.value = usage;
}

function agentChanged({ agent }: Pushes["agent_update"]): void {
  if (agent.status === "stopping") return agentsGone((other) => other.id === agent.id);
  agents.value = [...agents.value.filter(({ id }) => id !== agent.id), agent];
  const { cpu_percent, memory_usage, timestamp } = agent;
  if (cpu_percent === undefined || memory_usage === undefined || timestamp === undefined) return;
  const sample = { at: epochOf(timestamp), cpu_percent, memory_bytes: memory_usage };
  const usage = [...agentUsage.value.get(agent.id) ?? [], sample].slice(-SAMPLES_MAX);
  agentUsage.value = new Map([...agentUsage.value, [agent.id, usage]]);
}

function agentsGone(isGone: (agent: Agent) => boolean): void {
  agents.value = agents.value.filter((agent) => !isGone(agent));
  const left = new Set(agents.value.map(({ id }) => id));
  agentUsage.value = new Map([...agentUsage.value].filter(([id]) => left.has(id)));
}

async function load(): Promise<void> {
  const { data } = await ask("request_status");
  agents.value = data.agents;
  agentsGone(() => false);
  if (data.system_resources) addResources(data.system_resources);
}

/** To be called once, before `listen`. */
export function keepMachine(): void {
  onResubscribed(load);
  onPush("resource_update", ({ resources }) => addResources(resources));
  onPush("detailed_process_scan", scanned);
  onPush("agent_update", agentChanged);
  onPush("task_status_update", ({ task_id, new_status }) => {
    if (new_status !== "running" && new_status !== "paused") agentsGone((agent) => agent.task_id === task_id);
  });
}
