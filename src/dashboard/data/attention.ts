/** The navigation's counts: tasks that wait for a person, and work under way. */
import { computed } from "@preact/signals";
import { agents } from "./machine.ts";
import { asksPerson } from "./questions.ts";
import { tasks } from "./tasks.ts";

/** How many tasks ask a person for something. */
export const asking = computed(() => tasks.value.filter(asksPerson).length);

const running = computed(() => tasks.value.filter(({ status }) => status === "running").length);

/** How many tasks ask for something; if none does, how many run. */
export function tasksCount() {
  return asking.value > 0
    ? { number: asking.value, means: "need you", needsYou: true }
    : { number: running.value, means: "running" };
}

export function agentsCount() {
  return { number: agents.value.length, means: "at work" };
}
