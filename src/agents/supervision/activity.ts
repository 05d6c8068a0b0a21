/** The last thing that happened, told at a pace that people can follow. */
import type { Clock, Timer } from "../../clock/clock.ts";

const EVERY_MS = 500;

export interface Activity {
  /** Replaces what has not been told yet. */
  set(text: string): void;
  /** Tells what is left and stops. */
  end(): Promise<void>;
}

/** Calls `tell` with the newest text: the first at once, then at most one in half a second, and the last at the end. */
export function createActivity(clock: Clock, tell: (text: string) => void | Promise<void>): Activity {
  let newest: string | undefined;
  let timer: Timer | undefined;
  const flush = () => {
    const text = newest;
    newest = undefined;
    return text === undefined ? undefined : tell(text);
  };
  const wait = () => {
    timer = clock.after(EVERY_MS, () => {
      timer = undefined;
      if (newest === undefined) return;
      flush();
      wait();
    });
  };
  return {
    set(text) {
      newest = text;
      if (timer) return;
      flush();
      wait();
    },
    async end() {
      timer?.cancel();
      await flush();
    },
  };
}
