/** The attachments: each is a folder of its own below the data folder, private to its owner. */
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import * as z from "zod";
import { type Clock, isoTime, within } from "../clock/clock.ts";
import { Attachment, mimeTypeOf, safeName } from "../domain/attachment.ts";
import { ATTACHMENT_MAX_BYTES } from "../domain/attachment_bounds.ts";
import { ApiError } from "../domain/errors.ts";

const log = getLogger(["opencode-agents", "store"]);

const CONTENT = "content";
const RECORD = "attachment.json";
/** Folders of files that are still arriving. */
const DRAFT = "draft-";
/** How long a client may send nothing. */
const STALL_MS = 60_000;
/** Enough to tell the kind of a file. */
const HEAD_BYTES = 16;

/** What is kept beside the content. `by`: who brought it. */
const StoredAttachment = Attachment.extend({ by: z.string(), created_at: z.string() });
export type StoredAttachment = z.infer<typeof StoredAttachment>;

export interface NewAttachment {
  /** As the client names them. */
  name: string;
  mime_type: string | undefined;
  by: string;
  /** Called with the size so far, before it is written. Throws to refuse the rest. */
  admit(bytes: number): void;
}

export class AttachmentFiles {
  readonly #root: string;
  readonly #clock: Clock;
  readonly #known = new Map<string, StoredAttachment>();

  private constructor(root: string, clock: Clock) {
    this.#root = root;
    this.#clock = clock;
  }

  /** Reads what is there and removes what never arrived whole. `root` need not exist yet. */
  static async open(root: string, clock: Clock): Promise<AttachmentFiles> {
    const files = new AttachmentFiles(root, clock);
    for (const name of await names(root)) await files.#take(name);
    return files;
  }

  async #take(name: string): Promise<void> {
    const folder = join(this.#root, name);
    try {
      const record = StoredAttachment.parse(JSON.parse(await Deno.readTextFile(join(folder, RECORD))));
      if (record.id === name) return void this.#known.set(name, record);
    } catch (error) {
      if (!name.startsWith(DRAFT)) log.warn("{folder} is no attachment: {error}", { folder, error });
    }
    if (name.startsWith(DRAFT)) await this.#removeFolder(folder);
  }

  find(id: string): StoredAttachment | undefined {
    return this.#known.get(id);
  }

  all(): Iterable<StoredAttachment> {
    return this.#known.values();
  }

  /** The file with its content. */
  pathOf({ id }: Pick<Attachment, "id">): string {
    return join(this.#root, id, CONTENT);
  }

  /**
   * Stores what arrives. It is on the disk when this resolves. Throws `ApiError`: `INVALID_FIELD_VALUE` for a body that is
   * empty or too large, `CONNECTION_LOST` for one that does not arrive, `DISK_SPACE_EXCEEDED`, and what `admit` throws.
   */
  async add(body: ReadableStream<Uint8Array>, given: NewAttachment): Promise<Attachment> {
    const id = `att_${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;
    const draft = join(this.#root, DRAFT + id);
    try {
      await Deno.mkdir(draft, { recursive: true, mode: 0o700 });
      const { bytes, head } = await this.#write(body, join(draft, CONTENT), given.admit);
      const mime_type = mimeTypeOf(given.mime_type, given.name, head);
      const attachment = { id, name: safeName(given.name, mime_type), mime_type, bytes };
      const stored = { ...attachment, by: given.by, created_at: isoTime(this.#clock.now()) };
      await Deno.writeTextFile(join(draft, RECORD), JSON.stringify(stored), { mode: 0o600 });
      await Deno.rename(draft, join(this.#root, id));
      this.#known.set(id, stored);
      return attachment;
    } catch (error) {
      await this.#removeFolder(draft);
      throw storeFailure(error);
    }
  }

  async #write(
    body: ReadableStream<Uint8Array>,
    path: string,
    admit: (bytes: number) => void,
  ): Promise<{ bytes: number; head: Uint8Array }> {
    using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    const reader = body.getReader();
    let head = new Uint8Array();
    let bytes = 0;
    try {
      for (let part = await this.#next(reader); part !== undefined; part = await this.#next(reader)) {
        bytes += part.length;
        if (bytes > ATTACHMENT_MAX_BYTES) throw wrongSize(`at most ${ATTACHMENT_MAX_BYTES} bytes`);
        admit(bytes);
        if (head.length < HEAD_BYTES) head = new Uint8Array([...head, ...part.subarray(0, HEAD_BYTES)]);
        for (let rest = part; rest.length > 0;) rest = rest.subarray(await file.write(rest));
      }
    } finally {
      reader.cancel().catch(() => {
        // The client has gone.
      });
    }
    if (bytes === 0) throw wrongSize("at least 1 byte");
    await file.sync();
    return { bytes, head };
  }

  async #next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
    try {
      const read = await within(this.#clock, STALL_MS, reader.read(), undefined);
      if (read !== undefined) return read.value;
    } catch (error) {
      throw new ApiError("CONNECTION_LOST", "The file did not arrive", { reason: String(error) });
    }
    throw new ApiError("CONNECTION_LOST", `Nothing of the file arrived for ${STALL_MS / 1000} s`);
  }

  async remove(id: string): Promise<void> {
    this.#known.delete(id);
    await this.#removeFolder(join(this.#root, id));
  }

  async #removeFolder(folder: string): Promise<void> {
    try {
      await Deno.remove(folder, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        log.warn("{folder} cannot be removed: {error}", { folder, error });
      }
    }
  }
}

async function names(root: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(root))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function wrongSize(expected: string): ApiError {
  return new ApiError("INVALID_FIELD_VALUE", `An attachment has ${expected}`, {
    field: "(body)",
    value: null,
    expected,
  });
}

function storeFailure(error: unknown): unknown {
  if (error instanceof ApiError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const isFull = /no space|quota/i.test(reason);
  return new ApiError(
    isFull ? "DISK_SPACE_EXCEEDED" : "FILESYSTEM_ERROR",
    `The attachment cannot be stored: ${reason}`,
    { operation: "write", reason },
  );
}
