/** Trouble with the model that an agent tells while it goes on trying. Pure. */
import { isoTime } from "../../clock/clock.ts";
import type { Failure, FailureKind } from "../../domain/failure.ts";
import { resetTimeIn } from "./reset_time.ts";
import { cut, objectOf, oneLine, textOf } from "./wire_value.ts";

export interface ModelTrouble {
  kind: FailureKind;
  /** What went wrong, in one line. */
  what: string;
  /** The number of the try that follows, and of how many; undefined if the agent does not tell. */
  attempt?: number;
  of?: number;
  /** When a limit ends, in epoch milliseconds; undefined if the agent does not tell. */
  until_ms?: number;
  /** The agent asks no more: its turn ends with this, although its result may not say so. */
  isFinal?: boolean;
}

/** How many refusals of the key in a row end the turn: an agent may renew a key of short life after the first. */
const REFUSALS_OF_KEY = 2;
/** An agent that has asked again for this long although it is limited is ended. Waiting is cheaper without a process. */
const LONGEST_LIMIT_MS = 120_000;

const LONGEST_STEP = 200;

/** The kind of failure that an HTTP status of the model's provider stands for; undefined: no answer at all. */
export function kindOfStatus(status: number | undefined): FailureKind {
  if (status === undefined) return "network";
  if (status === 401 || status === 403) return "needs_login";
  if (status === 402 || status === 429) return "provider_limit";
  if (status === 408 || status >= 500) return "overloaded";
  return "refused";
}

/** Known texts of providers and agents. The first that fits decides. */
const TEXTS: readonly (readonly [RegExp, FailureKind])[] = [
  [/content[_ ](filter|policy|management)|safety (classifier|filter|system)/i, "refused"],
  [
    /prompt is too long|context (length|window)|maximum context|too many (input )?tokens/i,
    "context_overflow",
  ],
  [
    /\b(usage|rate|session|spend(ing)?|weekly|daily|monthly|hourly)[ _-]limit|limit reached|too many requests|quota|\b429\b|out of credits|insufficient (balance|credit)/i,
    "provider_limit",
  ],
  [
    /api[ _-]?key|invalid (x-)?(api[ _-]?)?key|unauthori[sz]ed|authenticat|\b401\b|credentials?\b|log(ged)? ?(in|out)\b|sign in/i,
    "needs_login",
  ],
  [
    /overload|high demand|at capacity|unavailable|\b(status|http|error|code)\b\W{0,4}(code\W{0,4})?5\d\d\b|internal server error|bad gateway|gateway time-?out/i,
    "overloaded",
  ],
  [
    /network|connect|socket|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|fetch failed|timed? ?out|stream (closed|ended)|disconnected|terminated/i,
    "network",
  ],
];

/** The kind of failure that a text tells; undefined if it fits none. */
export function kindOfText(text: string): FailureKind | undefined {
  return TEXTS.find(([pattern]) => pattern.test(text))?.[1];
}

/** What a provider says in `{"error":{"code":401,"message":"…"}}`, which some agents pass on as it is; else `text` itself. */
export function providersText(text: string): string {
  if (!text.startsWith("{")) return text;
  try {
    const answer = objectOf(JSON.parse(text));
    return textOf(objectOf(answer?.error)?.message) ?? textOf(answer?.message) ?? text;
  } catch {
    return text; // It only looks like JSON.
  }
}

/** The trouble that an agent tells only as text. `zone`: the agent's time zone, for times of day. */
export function troubleInText(
  text: string,
  now_ms: number,
  kind: FailureKind = kindOfText(text) ?? "overloaded",
): ModelTrouble {
  const until_ms = kind === "provider_limit" ? resetTimeIn(text, now_ms) : undefined;
  return { kind, what: oneLine(text, 500), until_ms };
}

/** What the agent does now, for the task's current step. */
export function stepOf({ what, attempt, of, until_ms }: ModelTrouble): string {
  const count = attempt === undefined
    ? ""
    : of === undefined
    ? `, try ${attempt}`
    : `, try ${attempt} of ${of}`;
  const until = until_ms === undefined ? "" : ` until ${isoTime(until_ms)}`;
  return oneLine(`Asks its model again${count}${until}: ${what}`, LONGEST_STEP);
}

/** What is known of a trouble that lasts. */
export interface LastingTrouble {
  trouble: ModelTrouble;
  /** How often it was told in a row. */
  times: number;
  lasts_ms: number;
}

/** Why the turn must end now, since the agent would only go on to ask in vain; undefined if it may go on. */
export function endsTurn(
  { trouble, times, lasts_ms }: LastingTrouble,
  now_ms: number,
  login_advice: string,
): Failure | undefined {
  const { kind, what, until_ms } = trouble;
  if (kind === "needs_login" && times >= REFUSALS_OF_KEY) {
    return { kind, message: cut(loginText(what, login_advice), 1000) };
  }
  if (kind !== "provider_limit") return undefined;
  if (until_ms !== undefined && until_ms > now_ms) return { kind, message: limitText(trouble) };
  return lasts_ms < LONGEST_LIMIT_MS ? undefined : { kind, message: limitText(trouble) };
}

/** Why the agent has no account to work with, and what to do. */
export function loginText(reason: string, login_advice: string): string {
  return `The agent wants a login: ${reason.replace(/\.+$/, "")}. ${login_advice}`;
}

/** The limit as a sentence. */
export function limitText({ what, until_ms }: ModelTrouble): string {
  const until = until_ms === undefined ? "" : ` until ${isoTime(until_ms)}`;
  return cut(`The model's provider limits the agent${until}: ${what}`, 1000);
}
