/** Changing what later runs of a schedule are asked, and when they come. */
import { useState } from "preact/hooks";
import { epochOf, isoTime } from "../../../clock/clock.ts";
import { cronProblem } from "../../../domain/cron.ts";
import type { NewTask, RecurringConfig } from "../../../domain/task.ts";
import { instantOf, isTimeZone, localTime } from "../../../domain/time_zones.ts";
import type { Schedule } from "../../../protocol/schedule_messages.ts";
import { client } from "../../data/server.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/problem.tsx";
import { toastDone } from "../../ui/toast.tsx";

const INTERVALS: Record<RecurringConfig["interval"], string> = {
  hourly: "Each hour",
  daily: "Each day",
  weekly: "Each week",
  monthly: "Each month",
  cron: "By a cron expression",
};

interface EditScheduleProps {
  schedule: Schedule;
  onClose: () => void;
}

/** A schedule that recurs. One-off tasks are edited as tasks. */
export function EditSchedule({ schedule, onClose }: EditScheduleProps) {
  const { id, recurring } = schedule;
  const { description: before, execution } = schedule.task as NewTask;
  const [description, setDescription] = useState(before);
  const [prompt, setPrompt] = useState(execution?.prompt);
  const [rule, setRule] = useState<RecurringConfig>(recurring!);
  const [at, setAt] = useState(() => nextAt(schedule));
  const [error, setError] = useState<unknown>();
  const change = (changes: Partial<RecurringConfig>) => setRule({ ...rule, ...changes });
  const cron = rule.cron ?? "";
  const problem = rule.interval === "cron" ? cronProblem(cron) : undefined;
  const zone = rule.timezone ?? "UTC";
  const at_ms = isTimeZone(zone) ? instantOf(at, zone) : NaN;
  /** Undefined: as it is. */
  const next = rule.interval === "cron" || Number.isNaN(at_ms) || isoTime(at_ms) === schedule.next_run
    ? undefined
    : isoTime(at_ms);

  const isIncomplete = problem !== undefined || description.trim() === "" || prompt?.trim() === "" ||
    (rule.interval !== "cron" && Number.isNaN(at_ms));

  const save = async (event: Event) => {
    event.preventDefault();
    const wanted = { ...rule, cron: rule.interval === "cron" ? cron : undefined };
    const task = {
      ...description !== before && { description },
      ...prompt !== execution?.prompt && { execution: { ...execution, prompt } },
    };
    try {
      await client.request("update_schedule", {
        task_id: id,
        task: Object.keys(task).length === 0 ? undefined : task,
        scheduled_time: next,
        recurring: JSON.stringify(wanted) === JSON.stringify(recurring) ? undefined : wanted,
      });
      toastDone(`Changed: ${id}`);
      onClose();
    } catch (refused) {
      setError(refused);
    }
  };

  return (
    <Dialog title={`Edit ${id}`} onClose={onClose}>
      <form class="stacked-fields" onSubmit={save}>
        {error !== undefined && <Problem what="The schedule was not changed" error={error} />}
        <label>
          {prompt === undefined ? "What to do" : "Description"}
          <textarea
            rows={prompt === undefined ? 4 : 2}
            value={description}
            onInput={(event) => setDescription(event.currentTarget.value)}
          />
        </label>
        {prompt !== undefined && (
          <label>
            Prompt
            <textarea rows={4} value={prompt} onInput={(event) => setPrompt(event.currentTarget.value)} />
          </label>
        )}
        <label>
          Runs
          <select
            value={rule.interval}
            onChange={({ currentTarget }) =>
              change({ interval: currentTarget.value as RecurringConfig["interval"] })}
          >
            {Object.entries(INTERVALS).map(([value, name]) => (
              <option key={value} value={value}>{name}</option>
            ))}
          </select>
        </label>
        {rule.interval === "cron" && (
          <label>
            Cron expression
            <input
              autoComplete="off"
              spellcheck={false}
              value={cron}
              aria-invalid={problem !== undefined}
              onInput={(event) => change({ cron: event.currentTarget.value })}
            />
            {problem !== undefined && <span class="muted">Expected: {problem}.</span>}
          </label>
        )}
        {rule.interval !== "cron" && (
          <label>
            Next run
            <input
              type="datetime-local"
              value={at}
              onInput={(event) => setAt(event.currentTarget.value)}
            />
            <span class="muted">In the time zone below. Its hour and its day count from then on.</span>
          </label>
        )}
        <label>
          Time zone
          <input
            value={rule.timezone ?? ""}
            placeholder="UTC"
            onInput={({ currentTarget }) => change({ timezone: currentTarget.value.trim() || undefined })}
          />
        </label>
        <label>
          Pause after so many failures in a row (0: never)
          <input
            type="number"
            min={0}
            max={100}
            value={rule.pause_after_failures ?? 0}
            onInput={({ currentTarget }) =>
              change({ pause_after_failures: Number(currentTarget.value) || undefined })}
          />
        </label>
        <div class="buttons">
          <button type="button" onClick={onClose}>Leave it as it is</button>
          <button type="submit" class="primary" disabled={isIncomplete}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The local time of the next run in the schedule's zone, such as `2026-12-02T06:00`. */
function nextAt({ next_run, scheduled_time, recurring }: Schedule): string {
  return localTime(epochOf(next_run ?? scheduled_time), recurring?.timezone ?? "UTC").slice(0, 16);
}
