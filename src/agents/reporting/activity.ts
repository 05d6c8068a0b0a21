/** Reports what a run is doing, at a pace that people can follow. */
import type { Clock, Timer } from "../../clock/clock.ts";

const EVERY_MS = 500;

export interface Activity {
  /** Sets the text to report. It replaces one that has not been reported yet. */
  set(text: string): void;
  /** Reports the last text and stops. */
  end(): Promise<void>;
}

/** Calls `emit` with the newest text: the first at once, then at most one every half second, and the last at the end. */
export function createActivity(clock: Clock, emit: (text: string) => void | Promise<void>): Activity {
  let newest: string | undefined;
  let timer: Timer | undefined;
  const flush = () => {
    const text = newest;
    newest = undefined;
    return text === undefined ? undefined : emit(text);
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
