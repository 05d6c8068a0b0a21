/** The place where the next page of a query begins, as text for clients. Pure. */
import * as z from "zod";
import { ApiError } from "../domain/errors.ts";
import type { LogMark } from "./log_place.ts";
import type { LogOrder } from "./log_order.ts";
import { FIRST_NODE } from "./node_lease.ts";

/**
 * The order, and a place in it. By time, the place is the last entry that was read of each node; in other orders, the
 * last entry of the previous page. A single number belongs to the first node.
 */
const Cursor = z.tuple([z.string(), z.int(), z.union([z.int(), z.record(z.string(), z.int())])]);

export function cursorOf({ field, direction }: LogOrder, mark: LogMark): string {
  const only = mark.size === 1 ? mark.get(FIRST_NODE) : undefined;
  const text = btoa(JSON.stringify([field, direction, only ?? Object.fromEntries(mark)]));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Throws `INVALID_FIELD_FORMAT` for an invalid cursor, `INVALID_FIELD_VALUE` for a cursor of another order. */
export function markOf(cursor: string, order: LogOrder): LogMark {
  const [field, direction, place] = parsed(cursor);
  if (field !== order.field || direction !== order.direction) {
    throw cursorError("INVALID_FIELD_VALUE", "This cursor belongs to a query with another order", cursor);
  }
  return new Map(typeof place === "number" ? [[FIRST_NODE, place]] : Object.entries(place));
}

function parsed(cursor: string): z.infer<typeof Cursor> {
  try {
    return Cursor.parse(JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/"))));
  } catch {
    // Not base64, or not what `cursorOf` wrote.
    throw cursorError("INVALID_FIELD_FORMAT", "This is no cursor", cursor);
  }
}

export function cursorError(
  code: "INVALID_FIELD_FORMAT" | "INVALID_FIELD_VALUE",
  message: string,
  cursor: string,
): ApiError {
  const details = {
    field: "cursor",
    value: cursor.slice(0, 200),
    expected: "the next_cursor of an earlier page",
  };
  return new ApiError(code, message, details);
}
