/** What a task has changed, in a few words. */
import type { Task } from "../../../domain/task.ts";
import { counted } from "../../../protocol/formats.ts";
import { DiffStat } from "../../ui/diff_stat.tsx";

/** Such as `12 files +28 −16`. Shows nothing if nothing changed. */
export function Changes({ task: { changes } }: { task: Task }) {
  if (changes === undefined || changes.files === 0) return null;
  return (
    <span class="task-changes figure">
      {counted(changes.files, "file")}{" "}
      <DiffStat additions={changes.additions} deletions={changes.deletions} />
    </span>
  );
}
