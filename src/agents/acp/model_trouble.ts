/** Trouble with the model that an agent tells while it goes on trying. Pure. */
import { isoTime } from "../../clock/clock.ts";
import type { Failure, FailureKind } from "../../domain/failure.ts";
import { given } from "../../domain/given_fields.ts";
import type { Refusal } from "../../domain/run.ts";
import type { AgentMoment } from "./agent_moment.ts";
import { kindOfText } from "./failure_kind.ts";
import { resetTimeIn, withoutMoment } from "./reset_time.ts";
import { refusalIn } from "./told_refusal.ts";
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
  /** The model that is limited, as the agent or the provider names it, if others are not. */
  model?: string;
  /** The agent asks no more: its turn ends with this, although its result may not say so. */
  isFinal?: boolean;
}

/** How many refusals of the key in a row end the turn: an agent may renew a key of short life after the first. */
const REFUSALS_OF_KEY = 2;
/**
 * An agent that has asked again for this long in vain is ended, since waiting is cheaper without a process, and shorter where an
 * agent waits longer from try to try.
 */
export const LONGEST_MS: { readonly [KIND in FailureKind]?: number } = {
  provider_limit: 120_000,
  overloaded: 600_000,
  network: 600_000,
};

/** A limit that ends so soon is sat out by the agent, in its process. */
const SHORT_MS = 60_000;

const LONGEST_STEP = 200;

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

/** What providers answer may be long. What matters comes first. */
const LONGEST_READ = 4000;

/** `limit: 20, model: gemini-2.5-flash`, `Rate limit reached for gpt-5 in organization …`. */
const LIMITED_MODEL = /\blimit\b[^.]*?\bmodel: ([\w./:-]+\w)|\blimit reached for ([\w./:-]*\d[\w./:-]*\w)/i;

/**
 * The trouble that an agent tells as text, perhaps with a structure beside it or in it. The structure counts first. `kind`: if
 * the agent's own names say it.
 */
export function troubleInText(
  text: string,
  at: AgentMoment,
  kind?: FailureKind,
  structure?: unknown,
): ModelTrouble {
  const told = refusalIn([structure, text], at.now_ms);
  const said = text.slice(0, LONGEST_READ);
  const known = kind ?? told.kind ?? kindOfText(said) ?? told.vague_kind ?? "overloaded";
  const what = oneLine(providersText(text), 500);
  if (known !== "provider_limit" && known !== "overloaded") return { kind: known, what };
  const until_ms = told.until_ms ?? resetTimeIn(said, at.now_ms, at.zone);
  const [, model, other] = (known === "overloaded" ? null : LIMITED_MODEL.exec(said)) ?? [];
  return given({ kind: known, what, until_ms, model: told.model ?? model ?? other });
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
  const isLimit = kind === "provider_limit";
  if (isLimit && until_ms !== undefined && until_ms - now_ms > SHORT_MS) {
    return { kind, message: limitText(trouble) };
  }
  const longest_ms = LONGEST_MS[kind];
  if (longest_ms === undefined || lasts_ms < longest_ms) return undefined;
  return {
    kind,
    message: isLimit ? limitText(trouble) : cut(`The agent asks its model in vain: ${what}`, 1000),
  };
}

/** The trouble with what else is known of it: a later report need not repeat when a limit ends. */
export function withMore(trouble: ModelTrouble, other: ModelTrouble | undefined): ModelTrouble {
  if (other?.kind !== trouble.kind) return trouble;
  const { until_ms = other.until_ms, model = other.model } = trouble;
  return given({ ...trouble, until_ms, model });
}

/** A longer text is an answer that may be about anything. */
const LONGEST_LIMIT_TEXT = 300;

/** The limit of which the last message of a turn that FAILED tells the end; undefined if it tells none. */
export function limitTold(message: string, at: AgentMoment): ModelTrouble | undefined {
  if (message.length > LONGEST_LIMIT_TEXT || kindOfText(message) !== "provider_limit") return undefined;
  const trouble = troubleInText(message, at);
  return trouble.until_ms === undefined ? undefined : trouble;
}

const LONGEST_REASON = 200;

/**
 * What is told of a turn that failed by this trouble; undefined if its provider did not refuse it for a time. `chosen`: the model that
 * the task chooses, if it does. A model that the refusal names is that one, if it could be; else the agent is limited.
 */
export function refusalOf(
  { kind, what, until_ms, model }: ModelTrouble,
  chosen: string | undefined,
): Refusal | undefined {
  if (kind !== "provider_limit" && kind !== "overloaded") return undefined;
  const refusal: Refusal = { reason: oneLine(withoutMoment(what), LONGEST_REASON) };
  if (until_ms !== undefined) refusal.until = isoTime(until_ms);
  if (model !== undefined && areSame(model, chosen ?? model)) refusal.model = chosen ?? model;
  return refusal;
}

/** Whether one name of a model has the other in it: `opus` and `claude-opus-4-8`, `openai/gpt-5` and `gpt-5`. */
function areSame(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  return a.includes(b) || b.includes(a);
}

/** Why the agent has no account to work with, and what to do. */
export function loginText(reason: string, login_advice: string): string {
  return `The agent wants a login: ${reason.replace(/\.+$/, "")}. ${login_advice}`;
}

/** The limit as a sentence. */
export function limitText({ what, until_ms }: ModelTrouble): string {
  const until = until_ms === undefined ? "" : ` until ${isoTime(until_ms)}`;
  return cut(`The model's provider limits the agent${until}: ${withoutMoment(what)}`, 1000);
}
