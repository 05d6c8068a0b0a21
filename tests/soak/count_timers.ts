/**
 * Loaded before the server (`--preload`): counts the timers that wait, whoever set them, and writes their number
 * to `timers` in the folder it runs in, where the soak reads it.
 */
const EVERY_MS = 1000;

const waiting = new Set<unknown>();
const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
type Action = (...args: unknown[]) => void;

globalThis.setTimeout = ((action: Action, delay_ms?: number, ...args: unknown[]) => {
  const id = setTimeout(() => {
    waiting.delete(id);
    action(...args);
  }, delay_ms);
  waiting.add(id);
  return id;
}) as typeof setTimeout;

globalThis.setInterval = ((action: Action, period_ms?: number, ...args: unknown[]) => {
  const id = setInterval(action, period_ms, ...args);
  waiting.add(id);
  return id;
}) as typeof setInterval;

function forgetting<Id>(clear: (id: Id) => void): (id: Id) => void {
  return (id) => {
    waiting.delete(id);
    clear(id);
  };
}

globalThis.clearTimeout = forgetting(clearTimeout);
globalThis.clearInterval = forgetting(clearInterval);

// Its own timer is not among those it counts, and keeps nobody from ending.
setInterval(() => Deno.writeTextFileSync("timers", String(waiting.size)), EVERY_MS).unref();
