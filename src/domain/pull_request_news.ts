/** What to do with feedback on a pull request. Pure. */
import type { Project } from "./project.ts";
import {
  type Feedback,
  feedbackMessage,
  keptFeedback,
  SEEN_MAX,
  type StoredPullRequest,
} from "./pull_request.ts";

/** Feedback is handed on when nothing new has come for this long: a reviewer writes several comments. */
const QUIET_MS = 60_000;

/** Feedback that has not been handed on. `since_ms`: when the last of it was first seen, on the monotonic clock. */
export interface Unsaid {
  ids: readonly string[];
  since_ms: number;
}

export interface News {
  fresh: Feedback[];
  /** Undefined: there is nothing. */
  unsaid: Unsaid | undefined;
  /** Whether it is time to hand it on. */
  isDue: boolean;
}

/** What of `items` is new, and whether nothing more came for a while. `unsaid`: as of the last look. */
export function newsOf(
  items: readonly Feedback[],
  { seen = [] }: Pick<StoredPullRequest, "seen">,
  unsaid: Unsaid | undefined,
  now_ms: number,
): News {
  const known = new Set(seen);
  const fresh = items.filter(({ id }) => !known.has(id));
  if (fresh.length === 0) return { fresh, unsaid: undefined, isDue: false };
  const ids = fresh.map(({ id }) => id);
  const hasMore = unsaid === undefined || ids.some((id) => !unsaid.ids.includes(id));
  const since_ms = hasMore ? now_ms : unsaid.since_ms;
  return { fresh, unsaid: { ids, since_ms }, isDue: now_ms - since_ms >= QUIET_MS };
}

/** The pull request after feedback was handed on: to the agent while rounds are left, else to a person. */
export function handedOn(
  pull: StoredPullRequest,
  fresh: readonly Feedback[],
  wishes: Pick<NonNullable<Project["pull_request"]>, "feedback" | "rounds">,
  turn: number | undefined,
): StoredPullRequest {
  const seen = [...pull.seen ?? [], ...fresh.map(({ id }) => id)].slice(-SEEN_MAX);
  const rounds = pull.rounds ?? 0;
  if (wishes.feedback === "send" && rounds < wishes.rounds) {
    const source = fresh.every(({ kind }) => kind === "check") ? "check" : "review";
    const outgoing = { text: feedbackMessage(pull, fresh), source } as const;
    return { ...pull, seen, rounds: rounds + 1, outgoing, feedback: undefined };
  }
  return { ...forPerson(pull, fresh, turn), seen };
}

/** Feedback that a person is to decide about. */
export function forPerson(
  pull: StoredPullRequest,
  fresh: readonly Feedback[],
  turn: number | undefined,
): StoredPullRequest {
  const waiting = pull.feedback_turn === (turn ?? 0) ? pull.feedback ?? [] : [];
  return { ...pull, feedback: keptFeedback([...waiting, ...fresh]), feedback_turn: turn ?? 0 };
}
