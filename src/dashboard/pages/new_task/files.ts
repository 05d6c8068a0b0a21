/** The files of the draft. */
import type { Task } from "../../../domain/task.ts";
import { FilesToSend } from "../../data/files_to_send.ts";

export const draftFiles = new FilesToSend();

/** Replaces the files by those of a task that is copied. */
export function copyFiles(
  { attached_files = [], execution }: Pick<Task, "attached_files" | "execution">,
): void {
  draftFiles.putKnown((execution?.attachments ?? []).map((id) => {
    const known = attached_files.find((file) => file.id === id);
    return { id, name: known?.name ?? id, size: known?.bytes };
  }));
}
