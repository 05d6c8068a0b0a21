/** What a store says of itself: the version of its format, and an id that stays for as long as the data do. */
import type { z } from "zod";
import { ApiError } from "../domain/errors.ts";
import { VERSION } from "../domain/migrations/migrations.ts";
import { StoreMeta } from "../domain/store_meta.ts";
import { decode, encode } from "./json.ts";
import type { Key, KeyValue } from "./kv/kv.ts";

/** The version of what is written: an older program refuses a store of a newer one. */
export const FORMAT = VERSION;

const META: Key = ["meta"];
/** The same key as Deno KV writes it into SQLite. */
export const META_BLOB = new Uint8Array([2, ...new TextEncoder().encode("meta"), 0]);

/**
 * The store's id; a new store gets one. Throws `ApiError`, before anything is written: `CONFIGURATION_ERROR` for a
 * format above ours, `DATABASE_ERROR` for what another program keeps in Deno KV.
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

/** Marks the store as one of our format: before anything is written to it, and after all of it could be read. */
export async function adoptFormat(kv: KeyValue, id: string): Promise<void> {
  const meta = await kv.get(META);
  if (meta && requireKnownFormat(meta.value).format === FORMAT) return;
  await kv.commit({ sets: [{ key: META, value: encode({ format: FORMAT, id }) }] });
}

/** What stands under `META`. Throws `CONFIGURATION_ERROR` when it tells of a format above ours, `DATABASE_ERROR` when it tells nothing. */
export function requireKnownFormat(value: Uint8Array): z.infer<typeof StoreMeta> {
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

function metaOf(value: Uint8Array): z.infer<typeof StoreMeta> | undefined {
  try {
    return StoreMeta.safeParse(decode(value)).data;
  } catch {
    // Not even JSON: another program's value under the same key.
    return undefined;
  }
}

/** There are entries, but not ours. */
export function foreignStore(): ApiError {
  return new ApiError(
    "DATABASE_ERROR",
    "The store holds another program's data. Nothing in it was changed. Use another folder (--data).",
    { reason: "another program's Deno KV" },
  );
}

/**
 * Gives a copy an id of its own: a server ends what earlier servers of the same store left running, so that two
 * servers on copies with one id would end each other's agents.
 */
export async function identifyAnew(kv: KeyValue): Promise<void> {
  await kv.commit({ sets: [{ key: META, value: encode({ format: FORMAT, id: crypto.randomUUID() }) }] });
}
