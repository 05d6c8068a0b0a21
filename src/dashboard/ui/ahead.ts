/** What a person types or moves is ahead of the address, which holds it only once it has settled. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { systemClock, type Timer } from "../../clock/clock.ts";

export interface Ahead<T> {
  /** The newest value. */
  value: T;
  /** Takes a new value, which settles by itself when no other comes for a while. */
  change: (value: T) => void;
  /** Settles a value at once. */
  settle: (value: T) => void;
}

/**
 * `settled`: the value in the address. `put`: writes one there. `after_ms`: how long a value must stand before it is
 * written; undefined: only `settle` writes. `kept`: the form in which it is written. A value that comes from elsewhere,
 * such as a link, replaces the newest one.
 */
export function useAhead<T>(
  settled: T,
  put: (value: T) => void,
  after_ms: number | undefined,
  kept: (value: T) => T = (value) => value,
): Ahead<T> {
  const [value, setValue] = useState(settled);
  /** What this hook itself has written last. */
  const own = useRef(settled);
  const timer = useRef<Timer>();
  const latestPut = useRef(put);
  latestPut.current = put;

  // With the address, not after it: what is typed meanwhile is newer.
  useLayoutEffect(() => {
    if (settled !== own.current) {
      timer.current?.cancel();
      setValue(settled);
    }
    own.current = settled;
  }, [settled]);
  useEffect(() => () => timer.current?.cancel(), []);

  const settle = (value: T) => {
    timer.current?.cancel();
    own.current = kept(value);
    latestPut.current(own.current);
  };
  const change = (value: T) => {
    setValue(value);
    timer.current?.cancel();
    if (after_ms !== undefined) timer.current = systemClock.after(after_ms, () => settle(value));
  };
  return { value, change, settle };
}
