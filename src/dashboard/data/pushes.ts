/** The server's pushes: each kind has its listeners. */
import type { Pushes } from "../../protocol/pushes.ts";
import type { Channel } from "../../protocol/subscription_messages.ts";
import { systemClock } from "../../clock/clock.ts";
import { needsKey } from "./key.ts";
import { report } from "./report.ts";
import { client } from "./server.ts";

/** Channels that every page may need. Pages that show a log subscribe to it themselves. */
const CHANNELS: Channel[] = [
  "task_status",
  "task_progress",
  "conversations",
  "task_manager",
  "agents",
  "system_resources",
  "processes",
  "connection",
  "rate_limits",
];
const AGAIN_AFTER_MS = 2000;

type Kind = keyof Pushes;
type Listener = (push: never) => void;

const listeners = new Map<Kind, Set<Listener>>();
const refreshers = new Set<() => Promise<void>>();

/** Calls `listener` with each push of this kind from now on. Returns a function that ends it. */
export function onPush<K extends Kind>(kind: K, listener: (push: Pushes[K]) => void): () => void {
  const all = listeners.get(kind) ?? new Set();
  listeners.set(kind, all.add(listener));
  return () => void all.delete(listener);
}

/**
 * Calls `refresh` whenever pushes may have been missed: at the start, and after each reconnection. Reports a failure and
 * tries again only the next time.
 */
export function onResubscribed(refresh: () => Promise<void>): () => void {
  refreshers.add(refresh);
  return () => void refreshers.delete(refresh);
}

/** Receives pushes as long as the page is open. */
export async function listen(): Promise<never> {
  while (true) {
    try {
      const pushes = await client.subscribe(CHANNELS);
      refreshAll();
      for await (const push of pushes) {
        if (push.type === "resubscribed") refreshAll();
        else for (const listener of [...listeners.get(push.type) ?? []]) listener(push as never);
      }
    } catch (error) {
      // A new key reloads the page.
      if (needsKey(error)) return await new Promise<never>(() => {});
      // The page read too slowly, or the server refused for now: the `refresh` functions load what was missed.
      report(error);
    }
    await new Promise<void>((resolve) => systemClock.after(AGAIN_AFTER_MS, resolve));
  }
}

function refreshAll(): void {
  for (const refresh of refreshers) refresh().catch(report);
}
