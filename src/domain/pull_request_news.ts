/** What to do with feedback on a pull request. Pure. */
import type { Project } from "./project.ts";
import { type Feedback, keptFeedback, SEEN_MAX, type StoredPullRequest } from "./pull_request.ts";

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
  /** How long to wait for more; 0 if there is nothing, or it is due. */
  wait_ms: number;
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
  if (fresh.length === 0) return { fresh, unsaid: undefined, isDue: false, wait_ms: 0 };
  const ids = fresh.map(({ id }) => id);
  const hasMore = unsaid === undefined || ids.some((id) => !unsaid.ids.includes(id));
  const since_ms = hasMore ? now_ms : unsaid.since_ms;
  const wait_ms = Math.max(0, since_ms + QUIET_MS - now_ms);
  return { fresh, unsaid: { ids, since_ms }, isDue: wait_ms === 0, wait_ms };
}

/** Whether feedback goes to the agent, while rounds are left. */
export function isForAgent(
  { rounds = 0 }: Pick<StoredPullRequest, "rounds">,
  wishes: Pick<NonNullable<Project["pull_request"]>, "feedback" | "rounds">,
): boolean {
  return wishes.feedback === "send" && rounds < wishes.rounds;
}

/** The pull request once its feedback has gone to the agent, in the same commit as the message. */
export function sentToAgent(pull: StoredPullRequest, fresh: readonly Feedback[]): StoredPullRequest {
  return {
    ...pull,
    seen: seenWith(pull, fresh),
    rounds: (pull.rounds ?? 0) + 1,
    answering: true,
    feedback: undefined,
  };
}

/** The pull request with feedback that a person is to decide about. `turn`: the task's last. */
export function forPerson(
  pull: StoredPullRequest,
  fresh: readonly Feedback[],
  turn: number | undefined,
): StoredPullRequest {
  const waiting = pull.feedback_turn === (turn ?? 0) ? pull.feedback ?? [] : [];
  return {
    ...pull,
    seen: seenWith(pull, fresh),
    feedback: keptFeedback([...waiting, ...fresh]),
    feedback_turn: turn ?? 0,
  };
}

function seenWith({ seen = [] }: StoredPullRequest, fresh: readonly Feedback[]): string[] {
  return [...seen, ...fresh.map(({ id }) => id)].slice(-SEEN_MAX);
}
