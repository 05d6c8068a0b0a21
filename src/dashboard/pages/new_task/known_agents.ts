/** Suggestions for the form: the server's agents, and folders that tasks have used. */
import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { AgentMakeView, ConfiguredAgent } from "../../../protocol/basic_messages.ts";
import { onResubscribed } from "../../data/pushes.ts";
import { report } from "../../data/report.ts";
import { ask } from "../../data/server.ts";
import { tasks } from "../../data/tasks.ts";

export const knownAgents = signal<readonly ConfiguredAgent[]>([]);
/** The known makes of agents, with their names and icons. */
export const knownMakes = signal<readonly AgentMakeView[]>([]);

/** Loads the agents while a page needs them: the configuration may change between server starts. */
export function useKnownAgents(): void {
  useEffect(() => {
    const load = async () => {
      const { agents, makes } = await ask("list_agents");
      knownAgents.value = agents;
      knownMakes.value = makes;
    };
    // Without the list, names can still be typed, and the server refuses unknown agents.
    load().catch(report);
    return onResubscribed(load);
  }, []);
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
