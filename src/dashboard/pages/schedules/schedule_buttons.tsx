/** What a person does with a schedule. */
import { Copy, Pause, Pencil, Play, SkipForward, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Schedule } from "../../../protocol/schedule_messages.ts";
import { client } from "../../data/server.ts";
import { attempt } from "../../ui/toast.tsx";
import { EditSchedule } from "./edit_schedule.tsx";

interface ScheduleButtonsProps {
  schedule: Schedule;
  onUnschedule: () => void;
  onChanged: () => void;
}

export function ScheduleButtons({ schedule, onUnschedule, onChanged }: ScheduleButtonsProps) {
  const { id, paused, recurring } = schedule;
  const [isEditing, setEditing] = useState(false);
  const carryOut = async (action: () => Promise<unknown>, done: string) => {
    await attempt(action, done);
    onChanged();
  };
  return (
    <div class="buttons">
      <button
        type="button"
        onClick={() => carryOut(() => client.request("run_schedule", { task_id: id }), `${id} runs now`)}
      >
        <SkipForward size={16} aria-hidden="true" /> Run now
      </button>
      {paused
        ? (
          <button
            type="button"
            onClick={() =>
              carryOut(() => client.request("resume_schedule", { task_id: id }), `${id} was resumed`)}
          >
            <Play size={16} aria-hidden="true" /> Resume
          </button>
        )
        : (
          <button
            type="button"
            onClick={() =>
              carryOut(() => client.request("pause_schedule", { task_id: id }), `${id} was paused`)}
          >
            <Pause size={16} aria-hidden="true" /> Pause
          </button>
        )}
      {recurring
        ? (
          <button type="button" onClick={() => setEditing(true)}>
            <Pencil size={16} aria-hidden="true" /> Edit
          </button>
        )
        : (
          <Link class="button" href={`/tasks/${id}/edit`}>
            <Pencil size={16} aria-hidden="true" /> Edit
          </Link>
        )}
      <Link class="button" href={`/new?from=${id}`}>
        <Copy size={16} aria-hidden="true" /> Copy
      </Link>
      <button type="button" class="danger" onClick={onUnschedule}>
        <Trash2 size={16} aria-hidden="true" /> Unschedule
      </button>
      {isEditing && (
        <EditSchedule
          schedule={schedule}
          onClose={() => {
            setEditing(false);
            onChanged();
          }}
        />
      )}
    </div>
  );
}
