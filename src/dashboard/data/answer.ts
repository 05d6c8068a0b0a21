/** The server's latest answer to a request that a page repeats while it is visible. */
import { useEffect, useRef, useState } from "preact/hooks";
import { systemClock } from "../../clock/clock.ts";
import { onResubscribed } from "./pushes.ts";
import { link } from "./server.ts";

export interface Answer<T> {
  /** The latest answer. It stays while the next one loads, and if that fails. */
  value?: T;
  /** Why the last request failed. */
  error?: unknown;
  isAsking: boolean;
  /** Asks now. */
  reload: () => Promise<void>;
}

/**
 * Asks at once, every `every_ms` while the page is visible (0: never by itself), after a reconnection, and when `about`
 * changes. `about` identifies the question.
 */
export function useAnswer<T>(question: () => Promise<T>, every_ms: number, about = ""): Answer<T> {
  const [state, setState] = useState<{ value?: T; error?: unknown; isAsking: boolean }>({ isAsking: true });
  const latest = useRef(question);
  latest.current = question;
  const reload = useRef<() => Promise<void>>(() => Promise.resolve());
  useEffect(() => {
    let isLeft = false;
    let asked_ms = -Infinity;
    let pending: Promise<void> | undefined;
    const put = async () => {
      asked_ms = systemClock.monotonic();
      setState((state) => ({ ...state, isAsking: true }));
      try {
        const value = await latest.current();
        if (!isLeft) setState({ value, isAsking: false });
      } catch (error) {
        if (!isLeft) setState(({ value }) => ({ value, error, isAsking: false }) as typeof state);
      }
    };
    const ask = () => pending ??= put().finally(() => pending = undefined);
    const isDue = () =>
      !document.hidden && link.peek().state === "connected" &&
      systemClock.monotonic() - asked_ms >= every_ms - 100;
    const askIfDue = () => void (isDue() && ask());
    // A request under way may have been answered before the change that caused this reload.
    reload.current = () => pending === undefined ? ask() : pending.then(ask);
    void ask();
    const leave = [onResubscribed(ask)];
    if (every_ms > 0) {
      const timer = systemClock.every(every_ms, askIfDue);
      document.addEventListener("visibilitychange", askIfDue);
      leave.push(
        () => timer.cancel(),
        () => document.removeEventListener("visibilitychange", askIfDue),
      );
    }
    return () => {
      isLeft = true;
      for (const action of leave) action();
    };
  }, [about, every_ms]);
  return { ...state, reload: () => reload.current() };
}
