/**
 * What a structure tells of a refusal: the `data` of an error, a provider's answer that an agent passes on, an update's
 * `_meta`. Agents and providers spell the same few fields in their own ways, so they are found by name, wherever they are. Pure.
 */
import type { FailureKind } from "../../domain/failure.ts";
import { given } from "../../domain/given_fields.ts";
import { kindOfName, kindOfStatus, plainName } from "./failure_kind.ts";
import { lengthOf, plausible, timeOfDate } from "./reset_time.ts";
import { objectOf, textOf } from "./wire_value.ts";

export interface ToldRefusal {
  /** By the names of errors that are in it. */
  kind?: FailureKind;
  /** By names and HTTP statuses that say less than a text beside them may. */
  vague_kind?: FailureKind;
  /** When it ends, in epoch milliseconds. */
  until_ms?: number;
  /** The model that is refused while others are not. */
  model?: string;
}

/** Bounds of the search: a structure is foreign. */
const MOST_VALUES = 500;
const DEEPEST = 8;

/** The fields that name an error. */
const NAMING =
  /^(errorkind|errorcode|errortype|codexerrorinfo|kind|type|code|status|reason|name|error|category)$/;
const STATUS = /^(httpstatus(code)?|status(code)?|apierrorstatus|errorstatus|code)$/;
/** A moment. */
const AT =
  /^(resets?at|resettime|resettimestamp|quotareset(time|timestamp)?|retryat|availableat|until|anthropicratelimitunifiedreset|x?ratelimitreset)$/;
/** A length of time in seconds, unless the value says otherwise. */
const AFTER =
  /^(retryafter(s|sec|secs|seconds)?|re(sets?|try)in(s|sec|secs|seconds)?|retrydelay(s|sec|secs|seconds)?|(x?ratelimit)?resetafter(seconds)?|quotaresetdelay|resetseconds)$/;
const AFTER_MS = /^(retryafterm(s|illis|illiseconds)|retrydelaym(s|illis)|resetsinms)$/;
/** What is told besides the refusal: the limits of other things, and the request that was refused. */
const ASIDE = /^(request|requestbody|requestbodyvalues|headersofrequest|overage.*|links)$/;

/** `value`: any JSON. Texts in it that are JSON themselves are read too. */
export function refusalIn(value: unknown, now_ms: number): ToldRefusal {
  let [kind, status_kind, vague_kind]: (FailureKind | undefined)[] = [];
  let until_ms = 0;
  let model: string | undefined;
  const left: [value: unknown, depth: number][] = [[value, 0]];
  for (let seen = 0; seen < left.length && seen < MOST_VALUES; seen++) {
    const [found, depth] = left[seen]!;
    const inner = typeof found === "string" ? parsed(found) : found;
    if (depth > DEEPEST || inner === null || typeof inner !== "object") continue;
    for (const [key, field] of fieldsOf(inner)) {
      const name = plainName(key);
      if (ASIDE.test(name)) continue;
      left.push([field, depth + 1]);
      until_ms = Math.max(until_ms, plausible(timeIn(name, field, now_ms), now_ms) ?? 0);
      if (NAMING.test(name)) {
        kind ??= kindNamed(field, false);
        vague_kind ??= kindNamed(field, true);
      }
      const status = STATUS.test(name) ? Number(field) : NaN;
      if (status === 429) kind ??= kindOfStatus(status);
      // Other requests that are "bad" may be so for any reason.
      else if (kindOfHttp(status) !== "refused") status_kind ??= kindOfHttp(status);
      if (name === "model") model ??= textOf(field);
    }
  }
  return given({ kind, vague_kind: status_kind ?? vague_kind, until_ms: until_ms || undefined, model });
}

/** Headers may be lists: of pairs, or of the values of one name. */
function fieldsOf(structure: object): [key: string, field: unknown][] {
  if (!Array.isArray(structure)) {
    return Object.entries(structure).map(([key, field]) => [key, onlyOf(field)]);
  }
  const [name, value, ...more] = structure;
  const isPair = typeof name === "string" && typeof value === "string" && more.length === 0;
  return isPair ? [[name, value]] : structure.map((field) => ["", field]);
}

function onlyOf(field: unknown): unknown {
  return Array.isArray(field) && field.length === 1 ? field[0] : field;
}

/** "refused" also for what is no status of a failure. */
function kindOfHttp(status: number): FailureKind {
  return status >= 400 && status < 600 ? kindOfStatus(status) : "refused";
}

/** The name of an error, or `{NAME: details}`. */
function kindNamed(field: unknown, isVague: boolean): FailureKind | undefined {
  if (typeof field === "string") return kindOfName(field, isVague);
  const keys = Object.keys(objectOf(field) ?? {});
  return keys.length === 1 ? kindOfName(keys[0]!, isVague) : undefined;
}

function timeIn(name: string, field: unknown, now_ms: number): number | undefined {
  if (!AT.test(name) && !AFTER.test(name) && !AFTER_MS.test(name)) return undefined;
  const seconds = objectOf(field)?.seconds;
  const value = seconds ?? field;
  const count = typeof value === "string" && value.trim() === "" ? NaN : Number(value);
  const isNumber = (typeof value === "number" || typeof value === "string") && Number.isFinite(count);
  if (!isNumber) return typeof value === "string" ? timeWritten(value, now_ms) : undefined;
  if (count < 0) return undefined;
  if (AFTER_MS.test(name)) return now_ms + count;
  // A number as large is a moment, in seconds or milliseconds, whatever it is called.
  if (count >= 1e12) return count;
  return count >= 1e9 ? count * 1000 : now_ms + count * 1000;
}

function timeWritten(text: string, now_ms: number): number | undefined {
  const date = timeOfDate(text);
  if (date !== undefined) return date;
  const length_ms = /^\s*[\d.]+\s*[a-z]/i.test(text) ? lengthOf(text) : undefined;
  return length_ms === undefined ? undefined : now_ms + length_ms;
}

/** What a text has of JSON: a provider's answer, behind words of the agent. */
function parsed(text: string): unknown {
  const [from, to] = [text.search(/[[{]/), Math.max(text.lastIndexOf("}"), text.lastIndexOf("]"))];
  if (from < 0 || to < from) return undefined;
  try {
    return JSON.parse(text.slice(from, to + 1));
  } catch {
    return undefined; // It only looks like JSON.
  }
}
