/** A value that runs ahead of the address while the user types or moves; the address gets it once it has settled. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { systemClock, type Timer } from "../../clock/clock.ts";

export interface Ahead<T> {
  /** The newest value. */
  value: T;
  /** Sets a new value, which settles if no other follows for a while. */
  change: (value: T) => void;
  /** Settles a value at once. */
  settle: (value: T) => void;
}

/**
 * `settled`: the value in the address. `put`: writes a value there. `after_ms`: how long a value must stand before it is
 * written; undefined: only `settle` writes. `kept`: converts a value to the form that is written. If the address changes
 * for another reason, such as a link, its value replaces the newest one.
 */
export function useAhead<T>(
  settled: T,
  put: (value: T) => void,
  after_ms: number | undefined,
  kept: (value: T) => T = (value) => value,
): Ahead<T> {
  const [value, setValue] = useState(settled);
  /** The value that this hook wrote last. */
  const own = useRef(settled);
  const timer = useRef<Timer>();
  const latestPut = useRef(put);
  latestPut.current = put;

  // In the same render as the address, not after it: what the user types in between is newer.
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
