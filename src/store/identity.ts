/** The store's own description: the version of its format, and an id that stays the same as long as the data exists. */
import { ApiError } from "../domain/errors.ts";
import { VERSION } from "../domain/migrations/migrations.ts";
import { idsOf, StoreMeta, withEarlier } from "../domain/store_meta.ts";
import { decode, encode } from "./json.ts";
import { bytesOfKey } from "./kv/key_bytes.ts";
import type { KeyValue } from "./kv/kv.ts";

/** The version that is written. An older program refuses a store of a newer version. */
export const FORMAT = VERSION;

const META = ["meta"] as const;
/** The same key as Deno KV writes it into SQLite. */
export const META_BLOB = bytesOfKey(META);

/**
 * Returns the store's id. A new store gets one. Throws `ApiError` before anything is written: `CONFIGURATION_ERROR` for
 * a newer format, `DATABASE_ERROR` for another program's data in Deno KV.
 */
export async function identify(kv: KeyValue): Promise<string> {
  const meta = await kv.get(META);
  if (meta) {
    return requireKnownFormat(meta.value).id;
  }
  for await (const _other of kv.list({ prefix: [], limit: 1 })) throw foreignStore();
  const id = crypto.randomUUID();
  await kv.commit({
    checks: [{ key: META, versionstamp: null }],
    sets: [{ key: META, value: encode({ format: FORMAT, id }) }],
  });
  return id;
}

/**
 * Marks the store as being of the current format. Called after all of it could be read and before anything is written.
 */
export async function adoptFormat(kv: KeyValue, id: string): Promise<void> {
  const meta = await kv.get(META);
  const known = meta && requireKnownFormat(meta.value);
  if (known?.format === FORMAT) return;
  await write(kv, { ...known, format: FORMAT, id });
}

/**
 * Reads the value under `META`. Throws `CONFIGURATION_ERROR` for a newer format, `DATABASE_ERROR` for another value.
 */
export function requireKnownFormat(value: Uint8Array): StoreMeta {
  const meta = metaOf(value);
  if (!meta) throw foreignStore();
  const { format } = meta;
  if (format <= FORMAT) return meta;
  throw new ApiError(
    "CONFIGURATION_ERROR",
    `The store has format ${format}, which a newer opencode-agents wrote; this one knows ${FORMAT}. ` +
      "Nothing in it was changed. Use that newer version, or another folder (--data).",
    { format, supported: FORMAT },
  );
}

function metaOf(value: Uint8Array): StoreMeta | undefined {
  try {
    return StoreMeta.safeParse(decode(value)).data;
  } catch {
    // Not even JSON: another program's value under the same key.
    return undefined;
  }
}

/** The error for a store that contains another program's entries. */
export function foreignStore(): ApiError {
  return new ApiError(
    "DATABASE_ERROR",
    "The store holds another program's data. Nothing in it was changed. Use another folder (--data).",
    { reason: "another program's Deno KV" },
  );
}

/**
 * Gives a copy its own id. A server ends the agents that earlier servers of the same store left running, so two servers
 * on copies with the same id would end each other's agents.
 */
export async function identifyAnew(kv: KeyValue): Promise<void> {
  await write(kv, withEarlier({ format: FORMAT, id: crypto.randomUUID() }, await knownIds(kv)));
}

/** The ids of all stores whose data may be in this one. */
export async function knownIds(kv: KeyValue): Promise<string[]> {
  const meta = await kv.get(META);
  return meta ? idsOf(requireKnownFormat(meta.value)) : [];
}

/** Notes that the data of other stores are in this one too. */
export async function noteImported(kv: KeyValue, ids: readonly string[]): Promise<void> {
  const meta = await kv.get(META);
  if (meta && ids.length > 0) await write(kv, withEarlier(requireKnownFormat(meta.value), ids));
}

async function write(kv: KeyValue, meta: StoreMeta): Promise<void> {
  await kv.commit({ sets: [{ key: META, value: encode(meta) }] });
}
