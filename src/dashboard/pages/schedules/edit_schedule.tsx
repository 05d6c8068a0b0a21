/** Changing what later runs of a schedule are asked, and when they come. */
import { useState } from "preact/hooks";
import { cronProblem } from "../../../domain/cron.ts";
import type { NewTask, RecurringConfig } from "../../../domain/task.ts";
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
  const { description: before } = schedule.task as NewTask;
  const [description, setDescription] = useState(before);
  const [rule, setRule] = useState<RecurringConfig>(recurring!);
  const [error, setError] = useState<unknown>();
  const change = (changes: Partial<RecurringConfig>) => setRule({ ...rule, ...changes });
  const cron = rule.cron ?? "";
  const problem = rule.interval === "cron" ? cronProblem(cron) : undefined;

  const save = async (event: Event) => {
    event.preventDefault();
    const wanted = { ...rule, cron: rule.interval === "cron" ? cron : undefined };
    try {
      await client.request("update_schedule", {
        task_id: id,
        task: description === before ? undefined : { description },
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
          What to do
          <textarea
            rows={4}
            value={description}
            onInput={(event) => setDescription(event.currentTarget.value)}
          />
        </label>
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
          <button type="submit" class="primary" disabled={problem !== undefined || description.trim() === ""}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
