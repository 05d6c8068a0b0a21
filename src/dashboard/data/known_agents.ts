/** Suggestions for the form: the server's agents, and folders that tasks have used. */
import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { PROBE_ANSWER_MS } from "../../domain/probe_bounds.ts";
import type { AgentMakeView, ListedAgent } from "../../protocol/basic_messages.ts";
import { onResubscribed } from "./pushes.ts";
import { report } from "./report.ts";
import { ask, client } from "./server.ts";
import { tasks } from "./tasks.ts";

export const knownAgents = signal<readonly ListedAgent[]>([]);
/** The known makes of agents, with their names and icons. */
export const knownMakes = signal<readonly AgentMakeView[]>([]);

/** Asks the server for its agents. Rejects like `ask`. */
export async function loadAgents(): Promise<void> {
  const { agents, makes } = await ask("list_agents");
  knownAgents.value = agents;
  knownMakes.value = makes;
}

/** Loads the agents while a page needs them: the configuration may change between server starts. */
export function useKnownAgents(): void {
  useEffect(() => {
    // Without the list, names can still be typed, and the server refuses unknown agents.
    loadAgents().catch(report);
    return onResubscribed(loadAgents);
  }, []);
}

/** Has the server start the agent to find out what it offers. Returns why it opened no session, if so. */
export async function checkAgent(name: string): Promise<string | undefined> {
  const { agent } = await client.request("probe_agent", { agent: name }, { timeout_ms: PROBE_ANSWER_MS });
  const { problem, ...known } = agent;
  knownAgents.value = knownAgents.value.map((one) => one.name === name ? known : one);
  return problem;
}

/** Lets an agent go on that its provider refuses for a time. */
export async function releaseAgent(name: string): Promise<void> {
  await ask("release_agent", { agent: name });
  await loadAgents();
}

/** The agent that a task of this type gets, if it names this one or none. */
export function chosenAgent(named: string, type: string): ListedAgent | undefined {
  const name = named.trim() || agentFor(type);
  return knownAgents.value.find((agent) => agent.name === name);
}

/** The default agent for tasks of this type. */
export function agentFor(type: string): string | undefined {
  const all = knownAgents.value;
  const of = all.find(({ task_types }) => (task_types as string[]).includes(type));
  return (of ?? all.find(({ is_default }) => is_default))?.name;
}

export const knownFolders = computed(() =>
  [...new Set(tasks.value.map(({ execution }) => execution?.working_dir))]
    .filter((name) => name !== undefined)
    .slice(0, 20)
);
