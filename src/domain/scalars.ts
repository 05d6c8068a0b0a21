/**
 * The field types that many messages share. A refinement names its error code in `params.code`; without one,
 * `field_errors.ts` derives the code from the kind of issue.
 */
import * as z from "zod";
import { epochOf, TIMESTAMP } from "../clock/clock.ts";
import { isTimeZone } from "./time_zones.ts";

/** Ids of tasks: letters, digits, `_` and `-`, 1–100 characters. */
const ID_PATTERN = /^[a-zA-Z0-9_-]{1,100}$/;

const RESERVED_ID_PREFIXES = ["system_", "internal_"];

/** An id that refers to a task. */
export const TaskId = z.string().regex(ID_PATTERN, { error: "1 to 100 letters, digits, '_' or '-'" });

/** An id that a client gives to a new task. */
export const NewTaskId = TaskId.refine(
  (id) => !RESERVED_ID_PREFIXES.some((prefix) => id.startsWith(prefix)),
  { error: `an id that does not start with ${RESERVED_ID_PREFIXES.map((p) => `'${p}'`).join(" or ")}` },
);

/** Length in code points, the unit of the API's bounds. */
function codePoints(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // The second half of a surrogate pair does not count.
    if (unit >= 0xdc00 && unit <= 0xdfff && i > 0 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) continue;
    count++;
  }
  return count;
}

/** A string of `min`–`max` code points. */
export function text(min: number, max: number): z.ZodString {
  return z.string().refine((value) => {
    // A string has at most as many code points as code units, so most need no counting.
    if (value.length < min) return false;
    if (value.length <= max && min <= 1) return true;
    const count = codePoints(value);
    return count >= min && count <= max;
  }, { error: min === 0 ? `at most ${max} characters` : `${min} to ${max} characters` })
    .meta({ minLength: min || undefined, maxLength: max });
}

/** A text without control characters, which no name of a branch, tag or remote has, and no program takes as an argument. */
export function name(max: number): z.ZodString {
  return text(1, max).refine((value) => /^\P{Cc}*$/u.test(value), {
    error: "a name without control characters",
  });
}

export const HttpUrl = z.string().max(4096).regex(/^https?:\/\/\S+$/, { error: "an http or https URL" })
  .refine(
    (url) => URL.canParse(url),
    { error: "an http or https URL" },
  );

const utf8 = new TextEncoder();

/** Up to this length, most text is ASCII, and a look at it is faster than encoding it. */
const SHORT = 200;

/** Length in UTF-8 bytes. */
export function utf8Length(text: string): number {
  if (text.length > SHORT) return utf8.encode(text).length;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return utf8.encode(text).length;
  }
  return text.length;
}

/** The beginning of a text that has at most `max` UTF-8 bytes, which ends with a whole character. */
export function cutToBytes(text: string, max: number): string {
  if (text.length * 3 <= max) return text;
  const { read } = utf8.encodeInto(text, new Uint8Array(max));
  return text.slice(0, read);
}

/** A non-empty string of at most `max` UTF-8 bytes. */
export function bytes(max: number): z.ZodString {
  return z.string().refine(
    (value) => value.length > 0 && (value.length * 3 <= max || utf8Length(value) <= max),
    { error: `1 to ${max} bytes` },
  );
}

export const TimeZone = z.string().refine(isTimeZone, {
  error: "an IANA time zone",
  params: { code: "INVALID_FIELD_FORMAT" },
});

/** An ISO 8601 timestamp with any offset. */
export const Timestamp = z.string().refine((value) => !Number.isNaN(epochOf(value)), {
  error: "an ISO 8601 timestamp with date, time and zone",
  params: { code: "INVALID_FIELD_FORMAT" },
}).meta({ pattern: TIMESTAMP.source });

/** Whether every `[` and `{` of a glob is closed. That is all that picomatch, whose dialect it is, can dislike. */
export function isGlob(pattern: string): boolean {
  let brackets = 0;
  let braces = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i];
    if (char === "\\") i++;
    else if (char === "[" && brackets === 0) {
      brackets = 1;
      // A `]` right after the opening (or after its negation) is a member, not the end.
      if (pattern[i + 1] === "!" || pattern[i + 1] === "^") i++;
      if (pattern[i + 1] === "]") i++;
    } else if (char === "]") brackets = 0;
    else if (brackets === 0 && char === "{") braces++;
    else if (brackets === 0 && char === "}" && braces > 0) braces--;
  }
  return brackets === 0 && braces === 0;
}

/** A glob in picomatch's dialect, relative and inside the working folder, at most 500 characters. */
export const FilesPattern = text(1, 500)
  .refine((p) => p.length === 0 || isGlob(p), {
    error: "a valid glob pattern",
    params: { code: "INVALID_FIELD_FORMAT" },
  })
  .refine((p) => !p.includes("..") && !p.startsWith("/"), {
    error: "a relative pattern without '..'",
  });

/** An array whose elements all differ. */
export function distinct<T extends z.ZodType>(element: T, min: number, max: number): z.ZodArray<T> {
  return z.array(element).min(min).max(max).superRefine((items, context) => {
    const seen = new Set<unknown>();
    for (const [index, item] of items.entries()) {
      if (seen.has(item)) {
        context.addIssue({ code: "custom", path: [index], message: "no duplicate values", input: item });
      }
      seen.add(item);
    }
  });
}

/** One value, or a list of alternatives, as filters take them. */
export function oneOrMany<T extends z.ZodType>(element: T): z.ZodUnion<[T, z.ZodArray<T>]> {
  return z.union([element, z.array(element).min(1).max(1000)]);
}

/** A value of `oneOrMany` as a list. */
export function many<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}
