/** The error of one field: its name, the given value and the expected one. */
import { closest, distance } from "fastest-levenshtein";
import { ApiError, type ErrorCode, type ErrorDetails } from "./errors.ts";

/** The candidate that was probably meant; undefined if none is similar enough. */
export function nearest(given: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0 || given.length > 100) return undefined;
  const best = closest(given.toLowerCase(), candidates);
  return distance(given.toLowerCase(), best) <= Math.max(2, Math.floor(best.length / 3)) ? best : undefined;
}

/** `["task", "metadata", "tags", 0]` → `task.metadata.tags[0]`. */
export function fieldPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "(root)";
  return path.map((part, i) =>
    typeof part === "number" ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`
  )
    .join("");
}

const VALUE_MAX = 200;

/** The given value as errors show it: a long one is cut at 200 characters, an absent one is null. */
export function shown(value: unknown): unknown {
  if (value === undefined) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === undefined || text.length <= VALUE_MAX) return value;
  return Array.from(text.slice(0, 2 * VALUE_MAX)).slice(0, VALUE_MAX).join("");
}

/** How many of the expected values a message names. `details.expected` has all. */
const NAMED_MAX = 20;

/** `opencode, claude, and 98 more`. */
export function inWords(expected: unknown): string {
  if (!Array.isArray(expected)) return String(expected);
  const more = expected.length - NAMED_MAX;
  return [...expected.slice(0, NAMED_MAX), ...more > 0 ? [`and ${more} more`] : []].join(", ");
}

/** Makes the error of one field. */
export function fieldProblem(
  code: ErrorCode,
  field: string,
  value: unknown,
  expected: unknown,
  message = `Invalid value of '${field}'. Expected: ${inWords(expected)}`,
  more: ErrorDetails = {},
): ApiError {
  return new ApiError(code, message, { field, value: shown(value), expected, ...more });
}
