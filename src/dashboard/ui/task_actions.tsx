/** The actions on a task that its status allows, for buttons and keys. */
import { Ban, type LucideIcon, Pause, Play, RotateCcw } from "lucide-preact";
import type { Task, TaskStatus } from "../../domain/task.ts";
import { client } from "../data/server.ts";
import { attempt } from "./toast.tsx";
import "./task_actions.css";

export type ActionName = "pause" | "resume" | "retry" | "cancel";

interface Action {
  name: ActionName;
  title: string;
  icon: LucideIcon;
  from: readonly TaskStatus[];
}

const ACTIONS: readonly Action[] = [
  { name: "pause", title: "Pause", icon: Pause, from: ["pending", "queued", "running"] },
  { name: "resume", title: "Resume", icon: Play, from: ["paused"] },
  { name: "retry", title: "Retry", icon: RotateCcw, from: ["failed", "cancelled"] },
  { name: "cancel", title: "Cancel", icon: Ban, from: ["pending", "queued", "running", "paused"] },
];

export function actionsOf({ status }: Task): readonly Action[] {
  return ACTIONS.filter(({ from }) => from.includes(status));
}

export function isPossible(name: ActionName, { status }: Task): boolean {
  return ACTIONS.find((action) => action.name === name)!.from.includes(status);
}

const DOES = {
  pause: ["pause_task", "Paused"],
  resume: ["resume_task", "Resumed"],
  retry: ["retry_task", "Queued again"],
  cancel: ["cancel_task", "Cancelled"],
} as const;

/** Does it and reports the outcome. */
export async function act(name: ActionName, task_id: string): Promise<void> {
  const [type, done] = DOES[name];
  await attempt(() => client.request(type, { task_id }), `${done}: ${task_id}`);
}

export interface ActionButtonsProps {
  task: Task;
  /** Cancelling needs a confirmation first. */
  onAction: (name: ActionName, task: Task) => void;
}

export function ActionButtons({ task, onAction }: ActionButtonsProps) {
  return (
    <span class="task-actions">
      {actionsOf(task).map(({ name, title, icon: Icon }) => (
        <button
          key={name}
          type="button"
          class="icon-button"
          title={title}
          aria-label={`${title} ${task.id}`}
          onClick={() => onAction(name, task)}
        >
          <Icon size={15} aria-hidden="true" />
        </button>
      ))}
    </span>
  );
}
