/** Files that go along with what is written: each is sent as soon as it is chosen, and named by its id once it has arrived. */
import { signal } from "@preact/signals";
import { ATTACHMENT_MAX_BYTES } from "../../domain/attachment_bounds.ts";
import { mebibytes } from "../../protocol/formats.ts";
import { needsKey } from "./key.ts";
import { upload } from "./upload.ts";

const MOST_FILES = 10;

export interface FileToSend {
  key: number;
  name: string;
  /** Undefined for a file of which only the id is known. */
  size?: number;
  /** The share that has been sent, 0 to 1. */
  sent: number;
  /** Once it has arrived. */
  id?: string;
  /** Why it could not be sent. */
  problem?: string;
}

let serial = 0;

export class FilesToSend {
  readonly #files = signal<readonly FileToSend[]>([]);
  readonly #sending = new Map<number, AbortController>();

  /** A component that reads them renders again when they change. */
  get files(): readonly FileToSend[] {
    return this.#files.value;
  }

  /** Why they cannot go along now: some could not be sent, or are under way. */
  get problem(): string | undefined {
    const files = this.#files.peek();
    if (files.some(({ problem }) => problem !== undefined)) return "Remove the files that cannot be sent.";
    return files.some(({ id }) => id === undefined) ? "Wait until all files have been sent." : undefined;
  }

  /** The ids of those that have arrived. */
  get ids(): string[] {
    return this.#files.peek().flatMap(({ id }) => id ?? []);
  }

  add(chosen: Iterable<File>): void {
    for (const file of chosen) this.#add(file);
  }

  /** Replaces them by files that the server has already. */
  putKnown(known: readonly { id: string; name: string; size?: number | undefined }[]): void {
    this.clear();
    this.#files.value = known.map((file) => ({ ...file, key: ++serial, sent: 1 }));
  }

  /** Stops sending it, if it is being sent. */
  remove(key: number): void {
    this.#sending.get(key)?.abort();
    this.#files.value = this.#files.value.filter((file) => file.key !== key);
  }

  clear(): void {
    for (const { key } of this.#files.peek()) this.remove(key);
  }

  #add(file: File): void {
    const key = ++serial;
    this.#files.value = [...this.#files.value, { key, name: file.name, size: file.size, sent: 0 }];
    const problem = this.#files.value.length > MOST_FILES
      ? `At most ${MOST_FILES} files go along.`
      : file.size > ATTACHMENT_MAX_BYTES
      ? `A file may have at most ${mebibytes(ATTACHMENT_MAX_BYTES)}.`
      : file.size === 0
      ? "This file is empty."
      : undefined;
    if (problem !== undefined) return this.#put(key, { problem });
    const control = new AbortController();
    this.#sending.set(key, control);
    upload(file, (sent) => this.#put(key, { sent }), control.signal).then(
      ({ id, name }) => this.#put(key, { id, name, sent: 1 }),
      (error) => {
        if (control.signal.aborted) return;
        needsKey(error);
        this.#put(key, { problem: error instanceof Error ? error.message : String(error) });
      },
    ).finally(() => this.#sending.delete(key));
  }

  #put(key: number, changes: Partial<FileToSend>): void {
    this.#files.value = this.#files.value.map((file) => file.key === key ? { ...file, ...changes } : file);
  }
}
