/**
 * The typed client: one WebSocket to an opencode-agents server, for web pages, Deno and Node 22 or later.
 *
 *     const client = await connect("http://127.0.0.1:8080");
 *     const { task } = await client.request("start_task", { task: { … } });
 *     for await (const entry of await client.followLogs({ agent: task.id })) …
 *     const ended = await client.waitFor(task.id);
 *     client.close();
 */
import { credential } from "./bearer.ts";
import { type Clock, epochOf, systemClock, type Timer } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { LogEntry } from "../domain/log_entry.ts";
import type { Reply, RequestType } from "../protocol/messages.ts";
import type { Channel, SubscriptionFilters } from "../protocol/subscription_messages.ts";
import type { Task } from "../domain/task.ts";
import type { Attachment } from "../domain/attachment.ts";
import { socketAddress } from "./addresses.ts";
import { attachFile, type AttachOptions } from "./attach.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type FollowFilter, type FollowOptions, LogFollow, type LogSource } from "./log_follow.ts";
import { type Network, networkTrusting, platformNetwork } from "./network.ts";
import { patiently } from "./patience.ts";
import { PendingRequests } from "./pending.ts";
import { QUEUE_MAX } from "./push_queue.ts";
import { type BackoffOptions, DEFAULT_BACKOFF, Link } from "./reconnect.ts";
import {
  DEFAULT_TIMEOUT_MS,
  lost,
  type RequestArguments,
  type Requester,
  type RequestOptions,
  type WireMessage,
} from "./replies.ts";
import { ClientSubscriptions, isPassing, type PushStream } from "./subscriptions.ts";
import type { ConversationMessage } from "../protocol/conversation_messages.ts";
import { conversation } from "./conversation.ts";
import { waitForTask } from "./wait_for.ts";

/** The client presents its key again after this share of a session's time. */
const RENEW_AFTER_SHARE = 0.8;

/** A change of the connection, for a user interface. */
export type ConnectionChange =
  | { state: "connected" }
  /** `final`: the client has given up or was closed. */
  | { state: "lost"; reason: ApiError; final: boolean }
  | { state: "retrying"; reason: ApiError; delay_ms: number };

export interface ClientOptions {
  clock?: Clock;
  /** PEM: an authority whose certificates are trusted, besides those that the platform trusts. In Deno; see docs/client.md. */
  ca?: string;
  /** How connections are made, instead of by `ca`. */
  network?: Network;
  /** An API key, or a function that returns one before each connection. */
  api_key?: string | undefined | (() => string | undefined);
  /** The tenant that messages are about which name none; for the owner, and for keys of all tenants. */
  tenant?: string | undefined;
  /** The longest wait for a reply, unless a request has its own; default 30 s. */
  timeout_ms?: number;
  /** The longest wait for a connection's greeting; default 10 s. */
  connect_timeout_ms?: number;
  /** The silence after which the client pings the server; default 30 s, 0 means never. */
  heartbeat_ms?: number;
  /** Whether the client reconnects; default true. */
  reconnect?: boolean;
  /** Whether the client also retries the first connection; default false. */
  persist?: boolean;
  backoff?: BackoffOptions;
  /** How long the client keeps trying to connect before it gives up; default forever. */
  patience_ms?: number;
  /** How many messages may queue for the reader of an iterator; default 1,000. */
  queue_max?: number;
  changed?: (change: ConnectionChange) => void;
}

/**
 * Connects to `http://HOST:PORT` (or https, ws, wss; the path of a proxy is kept). Rejects with the
 * error that the server refuses the connection with, or with `CONNECTION_LOST` if there is no server.
 */
export async function connect(url: string, options: ClientOptions = {}): Promise<Client> {
  const client = new Client(url, options);
  try {
    await client.open();
  } catch (error) {
    client.close();
    throw error;
  }
  return client;
}

export class Client implements Requester {
  readonly #url: string;
  readonly #options: ClientOptions;
  readonly #network: Network;
  readonly #link: Link;
  readonly #pending: PendingRequests;
  readonly #heartbeat: Heartbeat;
  readonly #subscriptions: ClientSubscriptions;
  readonly #follows = new Set<LogFollow>();
  readonly #clock: Clock;
  /** Functions that each end a pause in progress. */
  readonly #pauses = new Set<() => void>();
  /** The number of connections so far, which identifies the current one. */
  #connections = 0;
  #ended: ApiError | undefined;
  #renewal: Timer | undefined;

  /** Not connected yet; use `connect`. */
  constructor(url: string, options: ClientOptions) {
    const clock = options.clock ?? systemClock;
    this.#url = url;
    this.#options = options;
    this.#clock = clock;
    this.#network = options.network ??
      (options.ca === undefined ? platformNetwork : networkTrusting(options.ca));
    this.#pending = new PendingRequests(clock, options.tenant);
    this.#heartbeat = new Heartbeat(clock, options.heartbeat_ms ?? 30_000);
    this.#subscriptions = new ClientSubscriptions(this, clock, options.queue_max ?? QUEUE_MAX);
    this.#link = new Link({
      url: socketAddress(url),
      clock,
      network: this.#network,
      api_key: () => this.#key(),
      connect_timeout_ms: options.connect_timeout_ms ?? 10_000,
      patience_ms: options.patience_ms ?? Infinity,
      backoff: options.backoff ?? DEFAULT_BACKOFF,
      reconnect: options.reconnect ?? true,
      connected: (expires_at) => this.#connected(expires_at),
      message: (message) => this.#received(message),
      lost: (reason, final) => this.#lost(reason, final),
      retrying: (reason, delay_ms) => options.changed?.({ state: "retrying", reason, delay_ms }),
    });
  }

  open(): Promise<void> {
    return this.#link.open(this.#options.persist ?? false);
  }

  get isConnected(): boolean {
    return this.#link.isConnected;
  }

  /**
   * Sends a request and resolves with its reply. Rejects with the server's `ApiError` (code, message, details), with
   * `CONNECTION_LOST` if no reply came (`details.sent` says whether the server may have carried out the request), or
   * with the signal's reason. Without a connection, the request waits for the next one.
   */
  request<T extends RequestType>(type: T, ...[fields, options]: RequestArguments<T>): Promise<Reply<T>> {
    return this.#ask(type, fields ?? {}, options ?? {});
  }

  /**
   * The pushes of these channels, from the server's confirmation on. Leaving the loop unsubscribes. After a
   * reconnection the iterator yields `{ type: "resubscribed" }`, because pushes may have been missed. A reader that
   * lets `queue_max` messages pile up gets those messages and then `SUBSCRIPTION_ERROR`.
   */
  subscribe(channels: Channel[], filters?: SubscriptionFilters): Promise<PushStream> {
    return this.#subscriptions.add(channels, filters);
  }

  /**
   * The matching log entries, oldest first, and then each new one until the loop is left: without gaps or repetition,
   * even over reconnections. A slow reader has the same bound as in `subscribe`.
   */
  async followLogs(
    filter: FollowFilter = {},
    options: FollowOptions = {},
  ): Promise<AsyncIterableIterator<LogEntry, undefined>> {
    const follow = new LogFollow(this.#logs, filter, {
      ...options,
      queue_max: this.#options.queue_max ?? QUEUE_MAX,
      ended: () => this.#follows.delete(follow),
    });
    this.#follows.add(follow);
    const started = follow.start();
    const connection = this.#connections;
    let handedOut = false;
    started.catch((error) => {
      if (!handedOut || this.#ended || !isPassing(error)) {
        return follow.entries.end(handedOut ? error : undefined);
      }
      // The connection was lost while catching up. The next one starts again.
      if (connection === this.#connections) this.#link.drop(error);
    });
    // The first entries of a long log can be read before the last ones have arrived.
    await Promise.race([started, follow.entries.filled()]);
    handedOut = true;
    return follow.entries;
  }

  /**
   * Sends a file of at most 20 MiB, over HTTP. Its id goes into a task's `execution.attachments` within an hour. Rejects
   * like `request`.
   */
  attach(file: Blob, options: AttachOptions = {}): Promise<Attachment> {
    const sender = { url: this.#url, api_key: this.#key(), clock: this.#clock, network: this.#network };
    return attachFile(sender, file, options);
  }

  /** A task's conversation, oldest first: its prompt, messages, and the agent's answers at the end of each turn. */
  conversation(
    task_id: string,
    options: { after?: string } = {},
  ): AsyncGenerator<ConversationMessage, undefined> {
    return conversation(this, task_id, options.after);
  }

  /** Resolves with the ended task: completed, failed or cancelled. */
  waitFor(task_id: string, options: { signal?: AbortSignal } = {}): Promise<Task> {
    return waitForTask(this, task_id, options.signal);
  }

  /** Closes the connection, fails all waiting requests (`CONNECTION_LOST`) and ends all iterators. Idempotent. */
  close(): void {
    this.#end(lost("The client was closed"), undefined);
    this.#link.close();
  }

  readonly #logs: LogSource = {
    query: (fields, arrived, waits) =>
      patiently(
        () => this.#ask("request_log_entries", fields, {}, arrived),
        (wait_ms) => this.#pause(wait_ms),
        waits,
      ),
    unsubscribe: (subscription_id) => {
      this.request("unsubscribe_from_updates", { subscription_id }).catch(() => {
        // Entries that still arrive are ignored until the connection ends.
      });
    },
  };

  #ask<T extends RequestType>(
    type: T,
    fields: object,
    { timeout_ms = this.#options.timeout_ms ?? DEFAULT_TIMEOUT_MS, signal }: RequestOptions,
    arrived?: (reply: Reply<T>) => void,
  ): Promise<Reply<T>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const reply = this.#pending.add({
      type,
      fields,
      timeout_ms,
      signal,
      arrived: arrived as ((reply: WireMessage) => void) | undefined,
    });
    this.#flush();
    // The client trusts the server's replies to match the table of messages.
    return reply as Promise<unknown> as Promise<Reply<T>>;
  }

  #flush(): void {
    if (!this.#link.isConnected) return;
    try {
      this.#pending.sendAll((text) => this.#link.send(text));
    } catch (error) {
      // The socket is closing. Unsent requests wait for the connection that follows its close event.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  #connected(expires_at: string | undefined): void {
    this.#options.changed?.({ state: "connected" });
    this.#heartbeat.start(
      (timeout_ms) => this.request("ping", {}, { timeout_ms }),
      (reason) => this.#link.drop(reason),
    );
    this.#flush();
    void this.#renew(++this.#connections);
    if (expires_at !== undefined) this.#renewBefore(expires_at);
  }

  #key(): string | undefined {
    const { api_key } = this.#options;
    return typeof api_key === "function" ? api_key() : api_key;
  }

  /** Presents the key again before the session ends, since the server then closes the connection. */
  #renewBefore(expires_at: string): void {
    this.#renewal?.cancel();
    const left_ms = epochOf(expires_at) - this.#clock.now();
    this.#renewal = this.#clock.after(Math.max(1000, left_ms * RENEW_AFTER_SHARE), () => {
      const api_key = this.#key();
      if (api_key === undefined) return;
      this.request("authenticate", credential(api_key)).then(
        (reply) => this.#renewBefore(reply.expires_at),
        () => {
          // The connection is lost or will be closed. The next one reports why.
        },
      );
    });
  }

  async #renew(connection: number): Promise<void> {
    try {
      await this.#subscriptions.renew();
      await Promise.all([...this.#follows].map((follow) => follow.restart()));
    } catch (error) {
      // Refused for now. The next connection tries again, after a longer pause.
      if (connection === this.#connections) this.#link.drop(error as ApiError);
    }
  }

  /** Waits; ends early if the client is closed. */
  #pause(delay_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        this.#pauses.delete(done);
        resolve();
      };
      const timer = this.#clock.after(delay_ms, done);
      this.#pauses.add(done);
    });
  }

  #received(message: WireMessage): void {
    this.#heartbeat.heard();
    if (message.request_id !== undefined && this.#pending.take(message)) return;
    if (message.type === "log_entry" && message.subscription_id !== undefined) {
      const entry = message.log as LogEntry;
      for (const follow of [...this.#follows]) if (follow.take(message.subscription_id, entry)) return;
      return;
    }
    this.#subscriptions.route(message);
  }

  #lost(reason: ApiError, final: boolean): void {
    this.#heartbeat.stop();
    this.#renewal?.cancel();
    this.#subscriptions.lost();
    for (const follow of this.#follows) follow.lost();
    this.#pending.fail(reason, final);
    if (final) this.#end(reason, reason);
    this.#options.changed?.({ state: "lost", reason, final });
  }

  /** `thrown`: what the iterators throw; undefined if they only end, because the client was closed on purpose. */
  #end(reason: ApiError, thrown: ApiError | undefined): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#heartbeat.stop();
    this.#renewal?.cancel();
    this.#pending.fail(reason, true);
    for (const done of [...this.#pauses]) done();
    this.#subscriptions.end(thrown);
    for (const follow of [...this.#follows]) follow.entries.end(thrown);
  }
}
