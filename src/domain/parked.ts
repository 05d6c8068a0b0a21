/**
 * Tasks whose agents were ended while they waited for a person: what they asked stays open and can be answered, and the agent
 * is told when it goes on in its session. Pure.
 */
import * as z from "zod";
import { epochOf } from "../clock/clock.ts";
import { Actor } from "./actor.ts";
import { PermissionOption, PermissionRequest } from "./permission_request.ts";
import { AnswerContent, Question, QuestionAction, type QuestionAnswer } from "./question.ts";

/** What the task waits for: the oldest first. It goes on once nothing that its agent waited for is open. */
export const Parked = z.object({
  permissions: z.array(PermissionRequest),
  questions: z.array(Question),
});
export type Parked = z.infer<typeof Parked>;

/** `call`: by which the same is known when it is asked again. `by`: absent if nobody answered in time. */
const given = { call: z.string(), title: z.string(), by: Actor.optional() };

/** An answer that the agent has not had yet. */
export const LateAnswer = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("permission"),
    id: z.string().describe("permission_id"),
    ...given,
    chosen: PermissionOption.shape.kind,
  }),
  z.object({
    kind: z.literal("question"),
    id: z.string().describe("question_id"),
    ...given,
    action: QuestionAction,
    content: AnswerContent.optional(),
  }),
]);
export type LateAnswer = z.infer<typeof LateAnswer>;

interface MayBeParked {
  parked?: Parked;
  late_answers?: LateAnswer[];
}

/** More is not stored with a task: its agent goes on waiting. In characters of JSON. */
const MOST_STORED = 200_000;

/** Whether requests can be kept without their agent. */
export function isParkable(
  open: { permissions: readonly unknown[]; questions: readonly unknown[] },
): boolean {
  return JSON.stringify([open.permissions, open.questions]).length <= MOST_STORED;
}

/** What an ended agent leaves open; undefined if it waited for nothing. */
export function parkedFrom(
  { permissions, questions }: {
    permissions: readonly PermissionRequest[];
    questions: readonly Question[];
  },
): Parked | undefined {
  const parked = { permissions: [...permissions], questions: [...questions] };
  return isWaiting(parked) ? parked : undefined;
}

function isWaiting({ permissions, questions }: Parked): boolean {
  return permissions.length > 0 || questions.some(({ agent_goes_on }) => agent_goes_on !== true);
}

/** The state with an answer. Undefined if what it answers is not open. */
export function withAnswer<State extends MayBeParked>(state: State, answer: LateAnswer): State | undefined {
  const { parked, late_answers = [] } = state;
  if (parked === undefined) return undefined;
  const left: Parked = {
    permissions: parked.permissions.filter((one) => one.permission_id !== answer.id),
    questions: parked.questions.filter((one) => one.question_id !== answer.id),
  };
  const isOpen = left.permissions.length + left.questions.length <
    parked.permissions.length + parked.questions.length;
  if (!isOpen) return undefined;
  return { ...state, parked: isWaiting(left) ? left : undefined, late_answers: [...late_answers, answer] };
}

/** The state in which the agent has had this answer. */
export function withoutAnswer<State extends MayBeParked>(state: State, id: string): State {
  const left = state.late_answers?.filter((one) => one.id !== id) ?? [];
  return { ...state, late_answers: left.length > 0 ? left : undefined };
}

/** The fields of a task whose turn is over, or begins anew: nothing of it is open. */
export const notParked = { parked: undefined, late_answers: undefined };

/** When the first of the open requests is answered for lack of an answer, in epoch milliseconds; undefined: never. */
export function expiresAt({ permissions, questions }: Parked): number | undefined {
  const all = [...permissions, ...questions].flatMap(({ expires_at }) => expires_at ?? []).map(epochOf);
  return all.length === 0 ? undefined : Math.min(...all);
}

/** What is answered now, since nobody has in time. */
export function overdue({ permissions, questions }: Parked, now: number): LateAnswer[] {
  const isOver = ({ expires_at }: { expires_at?: string }) =>
    expires_at !== undefined && epochOf(expires_at) <= now;
  return [
    ...permissions.filter(isOver).map((request) => permissionAnswer(request, "reject_once", undefined)),
    ...questions.filter(isOver).map((question) => questionAnswer(question, { action: "cancel" }, undefined)),
  ];
}

export function permissionAnswer(
  request: PermissionRequest,
  chosen: PermissionOption["kind"],
  by: Actor | undefined,
): LateAnswer {
  const { permission_id, title } = request;
  return { kind: "permission", id: permission_id, title, call: callKey(request), chosen, by };
}

export function questionAnswer(
  question: Question,
  { action, content }: QuestionAnswer,
  by: Actor | undefined,
): LateAnswer {
  const { question_id, message } = question;
  return {
    kind: "question",
    id: question_id,
    title: message,
    call: questionKey(question),
    action,
    content,
    by,
  };
}

/** By what a call is known when it is asked for again: its command, or all that it changes, or else its input. */
export function callKey({ title, tool_call, remembers, call_hash }: PermissionRequest): string {
  const { kind, raw_input, diffs, locations } = tool_call;
  if (remembers?.command !== undefined) return JSON.stringify([kind, remembers.command]);
  if (call_hash !== undefined) return call_hash;
  return JSON.stringify(diffs === undefined ? [kind, title, raw_input] : [kind, diffs, locations]);
}

export function questionKey(
  { message, schema, url }: Pick<Question, "message" | "schema" | "url">,
): string {
  return JSON.stringify([message, schema, url]);
}
