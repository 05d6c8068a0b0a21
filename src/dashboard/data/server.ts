/** The one connection to this page's server, and its state. */
import { signal } from "@preact/signals";
import { Client, type ConnectionChange } from "../../client/client.ts";
import { patiently } from "../../client/patience.ts";
import type { RequestArguments } from "../../client/replies.ts";
import { sleep, systemClock } from "../../clock/clock.ts";
import type { ApiError } from "../../domain/errors.ts";
import type { Reply, RequestType } from "../../protocol/messages.ts";
import { currentKey } from "./key.ts";
import { chosenTenant } from "./tenant.ts";

export type LinkState =
  | { state: "connecting" }
  | { state: "connected" }
  /** `retry_at`: milliseconds since the epoch of the next attempt. */
  | { state: "lost"; reason: ApiError; retry_at: number };

export const link = signal<LinkState>({ state: "connecting" });

/** How many pushes may wait to be read: a busy server pushes in bursts, faster than a background page reads. */
const QUEUE_MAX = 50_000;

export const client: Client = new Client(new URL(".", document.baseURI).href, {
  persist: true,
  api_key: currentKey,
  tenant: chosenTenant(),
  queue_max: QUEUE_MAX,
  changed,
});

function changed(change: ConnectionChange): void {
  if (change.state === "connected") return void (link.value = { state: "connected" });
  const retry_at = systemClock.now() + (change.state === "retrying" ? change.delay_ms : 0);
  link.value = { state: "lost", reason: change.reason, retry_at };
}

/** For requests that run git and other programs, in many folders or over the network: they are answered within 120 s. */
export const SLOW = { timeout_ms: 130_000 };

const pause = (wait_ms: number) => sleep(systemClock, wait_ms);

/** Sends a request that is safe to repeat, and waits while a rate limit refuses it. Rejects like `Client.request`. */
export function ask<T extends RequestType>(type: T, ...args: RequestArguments<T>): Promise<Reply<T>> {
  return patiently(() => client.request(type, ...args), pause);
}

/** Like `ask`, and calls `waits` before each wait. */
export function askWaiting<T extends RequestType>(
  type: T,
  fields: RequestArguments<T>[0],
  waits: (wait_ms: number) => void,
): Promise<Reply<T>> {
  return patiently(() => client.request(type, ...[fields] as unknown as RequestArguments<T>), pause, waits);
}
