/** The name of a server among those that share a store. */
import * as z from "zod";

export const NodeName = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/, {
  error: "letters, digits, '.', '_' and '-', at most 100",
});

/** A name that this machine's host name gives; undefined if it gives none. */
export function nodeNameOf(host: string): string | undefined {
  return NodeName.safeParse(
    host.replace(/[^a-zA-Z0-9._-]+/g, "-").replace(/^[^a-zA-Z0-9]+/, "").slice(0, 100),
  ).data;
}
