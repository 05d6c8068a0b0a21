/** What the published schemas say less strictly than our own types. */
import type { z } from "zod";

const always = new WeakSet<z.core.$ZodType>();
const open = new WeakSet<z.core.$ZodType>();

/**
 * A field that this server always sends, but that the API's document does not require. Our types have it; the published
 * schemas leave it optional, so that they also hold for servers and clients that know the document only.
 */
export function alwaysSent<T extends z.ZodType>(field: T): T {
  // The same schema may stand elsewhere, where the document requires it.
  const own = field.clone();
  always.add(own);
  return own as T;
}

export function isAlwaysSent(field: z.core.$ZodType): boolean {
  return always.has(field);
}

/** Names to which later versions may add: the published schemas list them as examples. */
export function openNames<T extends z.ZodEnum>(names: T): T {
  open.add(names);
  return names;
}

export function isOpen(schema: z.core.$ZodType): boolean {
  return open.has(schema);
}
