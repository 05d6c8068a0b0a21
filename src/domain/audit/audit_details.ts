/** How much of a message an entry of the audit log keeps. Pure. */
import { withoutTokens } from "../masking.ts";
import { utf8Length } from "../scalars.ts";

const TEXT_MAX = 200;
/** The most that a value takes as JSON in UTF-8 with its name: each character of both may be escaped, as `\u0000`. */
const VALUE_BYTES = 2 * 6 * TEXT_MAX;
/** As many tasks as one message can be about. Of what is still too large, fewer. */
const ITEMS_MAX = 500;
const FEWER_ITEMS = 20;
const DEPTH_MAX = 6;
/** An entry must fit into one value of the store. */
const BYTES_MAX = 40_000;

/** The same fields, with long texts and lists cut. */
export function boundedDetails(details: Record<string, unknown>): Record<string, unknown> {
  for (const items of [ITEMS_MAX, FEWER_ITEMS]) {
    const size = { values: 0 };
    const cut = bounded(details, items, DEPTH_MAX, size) as Record<string, unknown>;
    // Most have a few values, and each has at most so many bytes.
    if (size.values * VALUE_BYTES <= BYTES_MAX || utf8Length(JSON.stringify(cut)) <= BYTES_MAX) return cut;
  }
  return { fields: Object.keys(details).slice(0, FEWER_ITEMS).map(boundedText) };
}

function bounded(value: unknown, items: number, depth: number, size: { values: number }): unknown {
  size.values++;
  if (typeof value === "string") return boundedText(withoutTokens(value));
  if (value === null || typeof value !== "object") return value;
  if (depth === 0) return "…";
  if (Array.isArray(value)) {
    const some = value.slice(0, items).map((item) => bounded(item, items, depth - 1, size));
    return value.length > items ? [...some, `and ${value.length - items} more`] : some;
  }
  const fields = Object.entries(value).filter(([, field]) => field !== undefined).slice(0, items);
  return Object.fromEntries(
    fields.map(([name, field]) => [boundedText(name), bounded(field, items, depth - 1, size)]),
  );
}

/** Canonical JSON knows no half of a surrogate pair. */
export function boundedText(text: string): string {
  const short = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX - 1)}…` : text;
  return short.toWellFormed();
}
