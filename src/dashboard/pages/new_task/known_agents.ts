/**
 * Names of agents that tasks may ask for. The API has no list of them: these are the ones that were seen at work, that
 * tasks have asked for, and that the server named when it refused another.
 */
import { computed, signal } from "@preact/signals";
import { agents } from "../../data/machine.ts";
import { tasks } from "../../data/tasks.ts";

const told = signal<readonly string[]>([]);

/** To be called with what the server names as the agents it has. */
export function noteAgents(names: readonly string[]): void {
  told.value = names;
}

export const knownAgents = computed(() => {
  if (told.value.length > 0) return told.value;
  const names = [
    ...agents.value.map(({ type }) => type),
    ...tasks.value.map(({ execution }) => execution?.agent),
  ];
  return [...new Set(names.filter((name) => name !== undefined))].sort();
});

export const knownFolders = computed(() =>
  [...new Set(tasks.value.map(({ execution }) => execution?.working_dir))]
    .filter((name) => name !== undefined)
    .slice(0, 20)
);
