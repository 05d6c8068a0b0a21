/** What needs a person, and the navigation's counts: tasks that need you, and work under way. */
import { computed } from "@preact/signals";
import { needOf } from "../../domain/needs.ts";
import { agents } from "./machine.ts";
import { isShown } from "./projects.ts";
import { tasks } from "./tasks.ts";

/** How many tasks of the chosen project need a person for something. */
export const asking = computed(() =>
  tasks.value.filter((task) => isShown(task) && needOf(task) !== undefined).length
);

const running = computed(() =>
  tasks.value.filter((task) => isShown(task) && task.status === "running").length
);

/** How many tasks need somebody; if none does, how many run. */
export function tasksCount() {
  return asking.value > 0
    ? { number: asking.value, means: "need you", needsYou: true }
    : { number: running.value, means: "running" };
}

export function agentsCount() {
  return { number: agents.value.length, means: "at work" };
}
