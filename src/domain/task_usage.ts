/** What a task has used, as its record has it. */
import type { TurnEntry, UsageEntry, UsageSums } from "./usage.ts";
import { withEntry } from "./usage_counting.ts";
import { totalOf } from "./usage_sums.ts";

interface Used {
  used?: UsageEntry[];
  turn_used?: TurnEntry;
}

/** All that the task has used, by day, agent and model; the turn under way last. */
export function entriesOf({ used = [], turn_used }: Used): readonly UsageEntry[] {
  return turn_used === undefined ? used : [...used, turn_used];
}

/** The sums of all turns; undefined if there was none. */
export function usageOf(state: Used): UsageSums | undefined {
  return state.used === undefined && state.turn_used === undefined ? undefined : totalOf(entriesOf(state));
}

/** What counts against a bound in tokens. */
export function tokensIn({ input_tokens, output_tokens, cached_tokens }: UsageSums): number {
  return input_tokens + output_tokens + cached_tokens;
}

/** The state with what a turn under way has used so far. */
export function withTurnUsed<State extends Used>(state: State, entry: TurnEntry): State {
  return { ...withoutOther(state, entry), turn_used: entry };
}

/** The state with what a turn has used that is over. */
export function withUsed<State extends Used>(state: State, entry: TurnEntry): State {
  const { used } = withoutOther(state, entry);
  return { ...state, used: withEntry(used, plain(entry)), turn_used: undefined };
}

/** The state in which the last turn is over, as far as it was known when its attempt was lost. */
export function turnOver<State extends Used>(state: State): State {
  return state.turn_used === undefined ? state : withUsed(state, state.turn_used);
}

/** A turn that was lost, without its end, is over when another one has begun. */
function withoutOther<State extends Used>(state: State, { attempt, turn }: TurnEntry): State {
  const last = state.turn_used;
  return last !== undefined && (last.attempt !== attempt || last.turn !== turn) ? turnOver(state) : state;
}

function plain({ attempt: _attempt, turn: _turn, ...entry }: TurnEntry): UsageEntry {
  return entry;
}
