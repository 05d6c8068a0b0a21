/**
 * Reads the values of Deno KV straight from its SQLite file. A start reads all records, and this takes a third of the
 * time of Deno KV's own lists. It reads the store itself, within one transaction per list, so there is nothing that
 * could be out of date.
 */
import { getLogger } from "@logtape/logtape";
import { ApiError } from "../../domain/errors.ts";

const log = getLogger(["opencode-agents", "store"]);

/** A value under `[...prefix, name]` or `[...prefix, name, part]`. */
export interface Row {
  name: string;
  /** Whether the key has a part after the name. */
  isPart: boolean;
  /** The value's bytes as UTF-8. */
  text: string;
  versionstamp: string;
}

export interface Rows {
  /** Calls `found` with each, in the order of the keys. Throws `DATABASE_ERROR` if the file cannot be read. */
  under(prefix: readonly [string, string], found: (row: Row) => void): void;
  close(): void;
}

/** A name ends at the first zero byte. Names are ids, which have none. */
const SELECT = `
  SELECT CAST(substr(k, ?1, instr(substr(k, ?1), x'00') - 1) AS TEXT),
         length(k) >= ?1 + instr(substr(k, ?1), x'00'),
         CAST(v AS TEXT),
         version
  FROM kv WHERE k >= ?2 AND k < ?3 ORDER BY k`;

/** The rows of the file; undefined if this platform or this version of Deno KV cannot be read like this. */
export async function openRows(path: string): Promise<Rows | undefined> {
  try {
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const rows = database.prepare(SELECT);
      // Deno's types do not have it yet.
      (rows as typeof rows & { setReturnArrays(enabled: boolean): void }).setReturnArrays(true);
      return {
        under(prefix, found) {
          const start = keyOf(prefix);
          // Every name is a string, and the type of a string is 2.
          const [from, to] = [new Uint8Array([...start, 2]), new Uint8Array([...start, 3])];
          // Many rows are of the same commit. Each versionstamp is one string in memory.
          let last = -1;
          let versionstamp = "";
          try {
            for (const row of rows.iterate(from.length + 1, from, to)) {
              const [name, isPart, text, version] = row as unknown as [string, number, string, number];
              if (version !== last) versionstamp = versionstampOf(last = version);
              found({ name, isPart: isPart === 1, text, versionstamp });
            }
          } catch (error) {
            throw error instanceof ApiError ? error : unreadable(path, error);
          }
        },
        close: () => database.close(),
      };
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    log.debug("{path} is read through Deno KV alone: {error}", { path, error });
    return undefined;
  }
}

/** A key of strings without zero bytes, as Deno KV encodes it. */
function keyOf(prefix: readonly string[]): number[] {
  const encoder = new TextEncoder();
  return prefix.flatMap((part) => [2, ...encoder.encode(part), 0]);
}

/** Deno KV's versionstamp of the commit with this number. */
function versionstampOf(version: number): string {
  return `${version.toString(16).padStart(16, "0")}0000`;
}

function unreadable(path: string, error: unknown): ApiError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ApiError(
    "DATABASE_ERROR",
    `The store ${path} cannot be read (${reason}). Nothing in it was changed. ` +
      "Restore a backup with `opencode-agents restore FILE`.",
    { file_path: path, reason },
  );
}
