/** The attachments of tasks: who may bring how much, which tasks use them, and when they go. */
import { type Actor, actorKey } from "../domain/actor.ts";
import { ALL_TENANTS } from "../domain/tenant_id.ts";
import { type Clock, epochOf } from "../clock/clock.ts";
import type { Attachment } from "../domain/attachment.ts";
import { UNUSED_KEPT_MS, UNUSED_MAX_BYTES } from "../domain/attachment_bounds.ts";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import type { AttachmentFile } from "../domain/run_request.ts";
import type { AttachmentFiles, StoredAttachment } from "../store/attachment_files.ts";
import type { Store } from "../store/open.ts";

/** How many files may be arriving at the same time. */
const MOST_ARRIVING = 20;
/** How long an attachment is kept for a task that names it, until the task is stored. */
const CLAIMED_MS = 600_000;

export interface AttachmentsOptions {
  clock: Clock;
  files: AttachmentFiles;
  store: Pick<Store, "tasks" | "schedules">;
}

export interface Upload {
  body: ReadableStream<Uint8Array>;
  name: string;
  mime_type: string | undefined;
}

export class Attachments {
  readonly #options: AttachmentsOptions;
  /** For each actor whose files are arriving: the bytes of those files and of all others that no task uses. */
  readonly #accounts = new Map<string, { bytes: number; arriving: number }>();
  #arriving = 0;
  /** Until when an attachment is kept for a task that is being stored. */
  readonly #claimed = new Map<string, number>();

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  /** Stores a file for a later task. Throws `RATE_LIMIT_EXCEEDED` beyond what an actor may have unused, and what the files throw. */
  async add({ body, name, mime_type }: Upload, actor: Actor): Promise<Attachment> {
    const by = actorKey(actor);
    if (this.#arriving >= MOST_ARRIVING) {
      throw new ApiError("SERVER_OVERLOAD", `${MOST_ARRIVING} files are arriving already`, {
        retry_after_seconds: 5,
      });
    }
    const account = this.#accounts.get(by) ?? { bytes: sizeOf(this.#unused(by)), arriving: 0 };
    this.#accounts.set(by, account);
    let arrived = 0;
    const admit = (bytes: number) => {
      account.bytes += bytes - arrived;
      arrived = bytes;
      if (account.bytes > UNUSED_MAX_BYTES) throw this.#tooMuch(by);
    };
    account.arriving++;
    this.#arriving++;
    try {
      return await this.#options.files.add(body, { name, mime_type, by, admit });
    } catch (error) {
      account.bytes -= arrived;
      throw error;
    } finally {
      this.#arriving--;
      if (--account.arriving === 0) this.#accounts.delete(by);
    }
  }

  /**
   * Checks the attachments that a new task or a message names, and keeps them until it is stored. Throws for one that is not
   * there, or is another tenant's.
   */
  claim(ids: readonly string[], tenant: string, field = "task.execution.attachments"): void {
    const { clock, files } = this.#options;
    for (const [index, id] of ids.entries()) {
      const found = files.find(id);
      if (found === undefined || !isOf(found, tenant)) {
        throw fieldProblem(
          "INVALID_FIELD_VALUE",
          `${field}[${index}]`,
          id,
          "the id of a file sent to POST /attachments within the last hour",
        );
      }
      this.#claimed.set(id, clock.now() + CLAIMED_MS);
    }
  }

  /** What is known of these files, without those that are gone. */
  known(ids: readonly string[]): Attachment[] {
    return ids.flatMap((id) => {
      const found = this.#options.files.find(id);
      return found === undefined ? [] : [shown(found)];
    });
  }

  /** The files of a task that starts. Throws `FILE_NOT_FOUND` if one is gone, as after a backup was restored. */
  of(ids: readonly string[]): AttachmentFile[] {
    const { files } = this.#options;
    return ids.map((id) => {
      const found = files.find(id);
      if (found === undefined) {
        throw new ApiError("FILE_NOT_FOUND", `Attachment '${id}' is not on this server`, {
          field: "task.execution.attachments",
          value: id,
        });
      }
      return { ...shown(found), path: files.pathOf(found) };
    });
  }

  /** Removes what no task uses and nobody has used within an hour. Returns how many that were. */
  async sweep(): Promise<number> {
    const { clock, files } = this.#options;
    const now = clock.now();
    for (const [id, until_ms] of this.#claimed) if (until_ms <= now) this.#claimed.delete(id);
    const old = this.#unused().filter((one) =>
      !this.#claimed.has(one.id) && epochOf(one.created_at) + UNUSED_KEPT_MS <= now
    );
    for (const { id } of old) await files.remove(id);
    return old.length;
  }

  /** The attachments that no task and no schedule names: all, or those of one actor. */
  #unused(by?: string): StoredAttachment[] {
    const { files, store } = this.#options;
    const all = [...files.all()].filter((one) => by === undefined || one.by === by);
    if (all.length === 0) return [];
    const used = new Set<string>();
    for (const { spec, state } of store.tasks.values()) {
      for (const id of spec.execution?.attachments ?? []) used.add(id);
      for (const id of state.attached ?? []) used.add(id);
    }
    for (const { spec } of store.schedules.values()) {
      for (const id of spec.task.execution?.attachments ?? []) used.add(id);
    }
    return all.filter(({ id }) => !used.has(id));
  }

  #tooMuch(by: string): ApiError {
    const { clock } = this.#options;
    const ends = this.#unused(by).map(({ created_at }) => epochOf(created_at) + UNUSED_KEPT_MS);
    const left_ms = Math.max(1000, Math.min(...ends, clock.now() + UNUSED_KEPT_MS) - clock.now());
    return new ApiError(
      "RATE_LIMIT_EXCEEDED",
      `Files that no task uses may have at most ${UNUSED_MAX_BYTES} bytes together; use them, or wait until they expire`,
      {
        limit: "unused_attachments",
        maximum_bytes: UNUSED_MAX_BYTES,
        retry_after_seconds: Math.ceil(left_ms / 1000),
      },
    );
  }
}

/** The owner, and keys of all tenants, bring files for every tenant. */
function isOf({ by }: Pick<StoredAttachment, "by">, tenant: string): boolean {
  const [whose, kind] = by.split(" ");
  return whose === tenant || whose === ALL_TENANTS || kind === "owner";
}

function shown({ id, name, mime_type, bytes }: StoredAttachment): Attachment {
  return { id, name, mime_type, bytes };
}

function sizeOf(files: readonly Attachment[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
