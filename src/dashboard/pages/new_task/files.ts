/** The files of the draft: each is sent as soon as it is chosen, and the task names those that have arrived. */
import { signal } from "@preact/signals";
import { ATTACHMENT_MAX_BYTES } from "../../../domain/attachment_bounds.ts";
import type { Task } from "../../../domain/task.ts";
import { mebibytes } from "../../../protocol/formats.ts";
import { needsKey } from "../../data/key.ts";
import { mended } from "./problems.ts";
import { upload } from "../../data/upload.ts";

const MOST_FILES = 10;

export interface DraftFile {
  key: number;
  name: string;
  /** Undefined for a file of another task of which only the id is known. */
  size?: number;
  /** The share that has been sent, 0 to 1. */
  sent: number;
  /** Once it has arrived. */
  id?: string;
  /** Why it could not be sent. */
  problem?: string;
}

export const files = signal<readonly DraftFile[]>([]);
const sending = new Map<number, AbortController>();
let serial = 0;

export function addFiles(chosen: Iterable<File>): void {
  for (const file of chosen) add(file);
}

/** Replaces the files by those of a task that is copied. */
export function copyFiles(
  { attached_files = [], execution }: Pick<Task, "attached_files" | "execution">,
): void {
  clearFiles();
  files.value = (execution?.attachments ?? []).map((id) => {
    const known = attached_files.find((file) => file.id === id);
    return { key: ++serial, id, name: known?.name ?? id, size: known?.bytes, sent: 1 };
  });
}

function add(file: File): void {
  const key = ++serial;
  const entry = { key, name: file.name, size: file.size, sent: 0 };
  files.value = [...files.value, entry];
  const problem = files.value.length > MOST_FILES
    ? `A task takes at most ${MOST_FILES} files.`
    : file.size > ATTACHMENT_MAX_BYTES
    ? `A file may have at most ${mebibytes(ATTACHMENT_MAX_BYTES)}.`
    : file.size === 0
    ? "This file is empty."
    : undefined;
  if (problem !== undefined) return put(key, { problem });
  const control = new AbortController();
  sending.set(key, control);
  upload(file, (sent) => put(key, { sent }), control.signal).then(
    ({ id, name }) => put(key, { id, name, sent: 1 }),
    (error) => {
      if (control.signal.aborted) return;
      needsKey(error);
      put(key, { problem: error instanceof Error ? error.message : String(error) });
    },
  ).finally(() => sending.delete(key));
}

function put(key: number, changes: Partial<DraftFile>): void {
  files.value = files.value.map((file) => file.key === key ? { ...file, ...changes } : file);
}

/** Stops sending it, if it is being sent. */
export function removeFile(key: number): void {
  sending.get(key)?.abort();
  files.value = files.value.filter((file) => file.key !== key);
  mended("task.execution.attachments");
}

export function clearFiles(): void {
  for (const { key } of files.value) removeFile(key);
}
