/**
 * The two clocks of an attempt: the time its turn has left, and how long its agent has been silent. Both stand still
 * while the attempt is on hold (paused, stopping). All times are monotonic milliseconds.
 */

/** The time that a turn has left. */
export interface Deadline {
  readonly left_ms: number;
  /** When the clock started, if it runs. Its timer is then set. */
  readonly since_ms?: number;
}

/** When the agent last gave a sign of life. */
export interface Silence {
  readonly heard_ms: number;
  /** Whether the agent is expected to give signs of life. */
  readonly isListening: boolean;
  /** Whether the warning about its silence is out. */
  readonly isLong: boolean;
  readonly hasTimer: boolean;
}

/** How long the agent has waited for a person and done nothing else. */
export interface PersonWait {
  /** When it began to wait, or last gave a sign of life. */
  readonly heard_ms: number;
  readonly hasTimer: boolean;
}

/** Milliseconds; 0: never. */
export interface SilenceBounds {
  readonly warning_ms: number;
  readonly limit_ms: number;
}

export function runDeadline({ left_ms }: Deadline, at_ms: number): Deadline {
  return { left_ms, since_ms: at_ms };
}

export function holdDeadline({ left_ms, since_ms }: Deadline, at_ms: number): Deadline {
  return { left_ms: since_ms === undefined ? left_ms : Math.max(0, left_ms - (at_ms - since_ms)) };
}

/** Starts to count silence from `at_ms` on. */
export function listen(at_ms: number): Silence {
  return { heard_ms: at_ms, isListening: true, isLong: false, hasTimer: false };
}

export function hold({ heard_ms }: Silence): Silence {
  return { heard_ms, isListening: false, isLong: false, hasTimer: false };
}

/** Milliseconds until the next warning or limit; undefined if there is neither. */
export function untilDue(silence: Silence, { warning_ms, limit_ms }: SilenceBounds, at_ms: number) {
  const bounds = [limit_ms, silence.isLong ? 0 : warning_ms].filter((bound_ms) => bound_ms > 0);
  if (bounds.length === 0) return undefined;
  return Math.max(0, silence.heard_ms + Math.min(...bounds) - at_ms);
}

/** Judges the silence when its timer fires. `early`: the agent gave a sign of life after the timer was set. */
export function judgeSilence(
  silence: Silence,
  { warning_ms, limit_ms }: SilenceBounds,
  at_ms: number,
): "limit" | "warning" | "early" {
  const silent_ms = at_ms - silence.heard_ms;
  if (limit_ms > 0 && silent_ms >= limit_ms) return "limit";
  return warning_ms > 0 && silent_ms >= warning_ms && !silence.isLong ? "warning" : "early";
}
