/** The actions on a task that its status allows, for buttons and keys. */
import { Archive, ArchiveRestore, Ban, type LucideIcon, Pause, Pencil, Play, RotateCcw } from "lucide-preact";
import { Link } from "wouter-preact";
import type { Task, TaskStatus } from "../../domain/task.ts";
import { ALLOWED_FROM, isFinished } from "../../domain/task_values.ts";
import { archive } from "./archive.ts";
import { client } from "../data/server.ts";
import { attempt } from "./toast.tsx";
import "./task_actions.css";

export type ActionName = keyof typeof ALLOWED_FROM;

interface Action {
  name: ActionName;
  title: string;
  icon: LucideIcon;
}

const ACTIONS: readonly Action[] = [
  { name: "pause", title: "Pause", icon: Pause },
  { name: "resume", title: "Resume", icon: Play },
  { name: "retry", title: "Retry", icon: RotateCcw },
  { name: "cancel", title: "Cancel", icon: Ban },
];

export function actionsOf(task: Task): readonly Action[] {
  return ACTIONS.filter(({ name }) => isPossible(name, task));
}

export function isPossible(name: ActionName, { status }: Task): boolean {
  return (ALLOWED_FROM[name] as readonly TaskStatus[]).includes(status);
}

/** Whether its fields can still be changed. A schedule's own are changed where schedules are. */
export function isEditable({ attempt, status, recurring }: Task): boolean {
  return attempt === 0 && !isFinished(status) && status !== "running" && recurring === undefined;
}

export const editPlace = (id: string) => `/tasks/${encodeURIComponent(id)}/edit`;

const DOES = {
  pause: ["pause_task", "Paused"],
  resume: ["resume_task", "Resumed"],
  retry: ["retry_task", "Queued again"],
  cancel: ["cancel_task", "Cancelled"],
} as const;

/** Carries out the action and reports the outcome. `options`: further fields of its message. */
export async function act(
  name: ActionName,
  task_id: string,
  options: { fresh?: boolean; max_cost_usd?: number; max_tokens?: number } = {},
): Promise<void> {
  const [type, done] = DOES[name];
  await attempt(() => client.request(type, { task_id, ...options }), `${done}: ${task_id}`);
}

/** The button that archives an ended task, or takes it out of the archive. */
export function archiving({ id, status, archived = false }: Task) {
  if (!isFinished(status)) return undefined;
  return {
    title: archived ? "Take out of the archive" : "Archive",
    icon: archived ? ArchiveRestore : Archive,
    run: () => void archive([id], !archived),
  };
}

export interface ActionButtonsProps {
  task: Task;
  /** Cancelling needs a confirmation first. */
  onAction: (name: ActionName, task: Task) => void;
}

export function ActionButtons({ task, onAction }: ActionButtonsProps) {
  const ended = archiving(task);
  return (
    <span class="task-actions">
      {isEditable(task) && (
        <Link
          class="button icon-button"
          href={editPlace(task.id)}
          title="Edit"
          aria-label={`Edit ${task.id}`}
        >
          <Pencil size={15} aria-hidden="true" />
        </Link>
      )}
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
      {ended && (
        <button
          type="button"
          class="icon-button"
          title={ended.title}
          aria-label={`${ended.title}: ${task.id}`}
          onClick={ended.run}
        >
          <ended.icon size={15} aria-hidden="true" />
        </button>
      )}
    </span>
  );
}
