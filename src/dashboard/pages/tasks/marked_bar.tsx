/** What can be done with all marked tasks, and what could not be done. */
import { X } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Task } from "../../../domain/task.ts";
import { count, counted } from "../../../protocol/formats.ts";
import { useShortcuts } from "../../keys.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { toastDone } from "../../ui/toast.tsx";
import { type EachAction, forMany, MANY_ACTIONS, type ManyAction, type Refused } from "./many.ts";
import type { Marking } from "./marks.ts";
import "./marked_bar.css";

export interface MarkedBarProps {
  marked: readonly Task[];
  /** All that the filter shows. */
  shown: readonly Task[];
  marking: Marking;
}

interface Outcome {
  /** Such as `Accept`. */
  title: string;
  refused: readonly Refused[];
}

export function MarkedBar({ marked, shown, marking }: MarkedBarProps) {
  const [asked, setAsked] = useState<ManyAction>();
  const [going, setGoing] = useState<{ title: string; done: number; all: number }>();
  const [outcome, setOutcome] = useState<Outcome>();
  const fitting = (action: ManyAction) => marked.filter(action.fits);
  const possible = MANY_ACTIONS.filter((action) => fitting(action).length > 0);

  const each = async (action: EachAction, tasks: readonly Task[]) => {
    const { title, done } = action;
    const refused = await forMany(action, tasks, (done) => setGoing({ title, done, all: tasks.length }));
    setGoing(undefined);
    if (refused.length > 0) setOutcome({ title, refused });
    if (refused.length < tasks.length) {
      toastDone(`${done}: ${counted(tasks.length - refused.length, "task")}`);
    }
    marking.set(refused.map(({ task }) => task.id));
  };
  const start = async (action: ManyAction) => {
    const tasks = fitting(action);
    setOutcome(undefined);
    if ("each" in action) return await each(action, tasks);
    await action.together(tasks.map(({ id }) => id));
    marking.set([]);
  };
  const choose = (action: ManyAction) => {
    if (going !== undefined) return;
    if (action.asks === undefined) void start(action);
    else setAsked(action);
  };
  useShortcuts([
    { key: "Escape", does: "Select nothing", run: () => marking.set([]) },
    ...possible.filter(({ key }) => key !== undefined).map((action) => ({
      key: action.key!,
      does: `${action.title} what is selected`,
      run: () => choose(action),
    })),
  ], [marked, going]);

  return (
    <section class="marked-bar" aria-label="Selected tasks">
      {outcome !== undefined && <Refusals {...outcome} onClose={() => setOutcome(undefined)} />}
      <div class="buttons">
        <b class="figure" role="status">
          {going === undefined
            ? `${count(marked.length)} selected`
            : `${going.title}: ${going.done} of ${going.all}…`}
        </b>
        {marked.length < shown.length && (
          <button
            type="button"
            disabled={going !== undefined}
            onClick={() => marking.set(shown.map(({ id }) => id))}
          >
            All {count(shown.length)}
          </button>
        )}
        {possible.map((action) => (
          <button
            key={action.title}
            type="button"
            class={action.title === "Cancel" ? "danger" : ""}
            disabled={going !== undefined}
            onClick={() => choose(action)}
          >
            <action.icon size={16} aria-hidden="true" /> {action.title} {count(fitting(action).length)}
            {action.key !== undefined && <kbd aria-hidden="true">{action.key}</kbd>}
          </button>
        ))}
        <button
          type="button"
          class="icon-button"
          aria-label="Select nothing"
          title="Select nothing (Esc)"
          onClick={() => marking.set([])}
        >
          <X size={16} aria-hidden="true" />
        </button>
      </div>
      {asked !== undefined && (
        <Confirm
          title={`${asked.title} ${counted(fitting(asked).length, "task")}?`}
          action={`${asked.title} ${count(fitting(asked).length)}`}
          isDanger={asked.title === "Cancel"}
          onConfirm={() => void start(asked)}
          onClose={() => setAsked(undefined)}
        >
          <p>{asked.asks?.(fitting(asked))}</p>
        </Confirm>
      )}
    </section>
  );
}

function Refusals({ title, refused, onClose }: Outcome & { onClose: () => void }) {
  return (
    <div class="marked-refused" role="alert">
      <div class="head">
        <strong>Could not {title.toLowerCase()} {counted(refused.length, "task")}</strong>
        <button type="button" class="icon-button" aria-label="Dismiss" onClick={onClose}>
          <X size={16} aria-hidden="true" />
        </button>
      </div>
      <ul>
        {refused.map(({ task, why }) => (
          <li key={task.id}>
            <Link href={`/tasks/${encodeURIComponent(task.id)}`}>{task.description}</Link>
            <span class="muted">{why}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
