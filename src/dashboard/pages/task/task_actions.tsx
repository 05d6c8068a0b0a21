/** The task's actions, as buttons and keys. */
import { CopyPlus, Pencil, Sparkles } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Task, TaskStatus } from "../../../domain/task.ts";
import { navigate } from "../../hash_location.ts";
import { useShortcuts } from "../../keys.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { RaiseDialog } from "./raise_dialog.tsx";
import {
  act,
  type ActionName,
  actionsOf,
  archiving,
  editPlace,
  isEditable,
  isPossible,
} from "../../ui/task_actions.tsx";

export function TaskActions({ task }: { task: Task }) {
  const { id, status } = task;
  const [isAsking, setAsking] = useState(false);
  const [isRaising, setRaising] = useState(false);
  // The status when the action was requested. A new status ends the wait even before the reply.
  const [busyIn, setBusyIn] = useState<TaskStatus>();
  const isBusy = busyIn === status;
  const ended = archiving(task);
  const start = async (name: ActionName, options?: Parameters<typeof act>[2]) => {
    if (name === "cancel") return setAsking(true);
    const isSpent = name === "resume" && task.waiting_for?.kind === "budget" && options === undefined;
    if (isSpent) return setRaising(true);
    setBusyIn(status);
    await act(name, id, options);
    setBusyIn((before) => before === status ? undefined : before);
  };
  const run = (...names: ActionName[]) => {
    const name = names.find((name) => isPossible(name, task));
    if (name && !isBusy) void start(name);
  };
  useShortcuts([
    { key: "h", does: "Hold or resume the task", run: () => run("pause", "resume") },
    { key: "r", does: "Retry the task", run: () => run("retry") },
    { key: "E", does: "Edit the task", run: () => isEditable(task) && navigate(editPlace(id)) },
    { key: "e", does: "Archive the ended task, or take it out", run: () => ended?.run() },
  ], [id, status, task.attempt, task.archived, isBusy]);
  return (
    <div class="buttons" role="group" aria-label="Actions">
      {isRaising && (
        <RaiseDialog
          task={task}
          onRaise={(raised) => void start("resume", raised)}
          onClose={() => setRaising(false)}
        />
      )}
      {isEditable(task) && (
        <Link class="button" href={editPlace(id)} title="Edit (E)">
          <Pencil size={16} aria-hidden="true" />
          <span class="action-name">Edit</span>
        </Link>
      )}
      {actionsOf(task).map(({ name, title, icon: Icon }) => (
        <button
          key={name}
          type="button"
          class={name === "cancel" ? "danger" : name === "resume" || name === "retry" ? "primary" : ""}
          disabled={isBusy}
          onClick={() => void start(name)}
        >
          <Icon size={16} aria-hidden="true" />
          <span class="action-name">{title}</span>
        </button>
      ))}
      {isPossible("retry", task) && task.attempt > 0 && (
        <button
          type="button"
          title="Begins a new session with the task's prompt. Retry goes on in the agent's session."
          disabled={isBusy}
          onClick={() => void start("retry", { fresh: true })}
        >
          <Sparkles size={16} aria-hidden="true" />
          <span class="action-name">Start afresh</span>
        </button>
      )}
      {ended && (
        <button type="button" title={`${ended.title} (e)`} onClick={ended.run}>
          <ended.icon size={16} aria-hidden="true" />
          <span class="action-name">{ended.title}</span>
        </button>
      )}
      <Link class="button" href={`/new?from=${encodeURIComponent(id)}`}>
        <CopyPlus size={16} aria-hidden="true" />
        <span class="action-name">Run again as a copy</span>
      </Link>
      {isAsking && (
        <Confirm
          title={`Cancel ${id}?`}
          action="Cancel the task"
          onConfirm={() => void act("cancel", id)}
          onClose={() => setAsking(false)}
        >
          <p>
            {status === "running" || status === "paused"
              ? "Its agent is stopped. Files that it has changed are kept as they are."
              : "It will not be started."} Tasks that depend on it fail. It can be retried later.
          </p>
        </Confirm>
      )}
    </div>
  );
}
