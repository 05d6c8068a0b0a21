/**
 * The two clocks of an attempt: how long its turn may still take, and how long its agent has been silent. Time on hold
 * (paused, stopping) counts for neither. All times are monotonic milliseconds.
 */

/** What is left of a turn's time. */
export interface Deadline {
  readonly left_ms: number;
  /** Since when it counts; its timer is set then. */
  readonly since_ms?: number;
}

/** When the agent was last heard of. */
export interface Silence {
  readonly heard_ms: number;
  /** Whether the agent is expected to speak. */
  readonly isListening: boolean;
  /** Whether it has been silent for longer than the warning allows. */
  readonly isLong: boolean;
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

/** Begins to listen: the time before does not count. */
export function listen(at_ms: number): Silence {
  return { heard_ms: at_ms, isListening: true, isLong: false, hasTimer: false };
}

export function hold({ heard_ms }: Silence): Silence {
  return { heard_ms, isListening: false, isLong: false, hasTimer: false };
}

/** Milliseconds until something may be due; undefined when nothing ever is. */
export function untilDue(silence: Silence, { warning_ms, limit_ms }: SilenceBounds, at_ms: number) {
  const bounds = [limit_ms, silence.isLong ? 0 : warning_ms].filter((bound_ms) => bound_ms > 0);
  if (bounds.length === 0) return undefined;
  return Math.max(0, silence.heard_ms + Math.min(...bounds) - at_ms);
}

/** What the silence amounts to now that its timer has fired. The agent may have spoken after the timer was set. */
export function judgeSilence(
  silence: Silence,
  { warning_ms, limit_ms }: SilenceBounds,
  at_ms: number,
): "limit" | "warning" | "early" {
  const silent_ms = at_ms - silence.heard_ms;
  if (limit_ms > 0 && silent_ms >= limit_ms) return "limit";
  return warning_ms > 0 && silent_ms >= warning_ms && !silence.isLong ? "warning" : "early";
}
