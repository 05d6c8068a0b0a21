/** One WebSocket connection: its requests in order, its replies and pushes at the pace it reads. */
import { getLogger } from "@logtape/logtape";
import { errorReply } from "../../api/error_reply.ts";
import type { Session, SessionLimits } from "../../api/capability.ts";
import type { Router } from "../../api/router.ts";
import { type Clock, isoTime, type Timer } from "../../clock/clock.ts";
import { type Identity, isKnown } from "../../access/identity.ts";
import type { Actor } from "../../domain/actor.ts";
import { ApiError } from "../../domain/errors.ts";
import type { ErrorReply } from "../../protocol/messages.ts";
import type { Channel, SubscriptionFilters } from "../../protocol/subscription_messages.ts";
import type { Socket } from "../transport/listener.ts";
import { Outbox } from "./outbox.ts";
import type { Subscriber, SubscriptionHub } from "../../api/channels/hub.ts";
import type { Subscriptions } from "../../api/channels/subscriptions.ts";

const log = getLogger(["opencode-agents", "server"]);

/** WebSocket close codes of RFC 6455 that the server uses. */
export const CLOSE = {
  going_away: 1001,
  policy: 1008,
  too_big: 1009,
  internal: 1011,
  try_again_later: 1013,
} as const;

/** Requests of one connection that may wait while an earlier one is carried out. */
const BACKLOG_MAX = 1000;
/** The same in messages of the greatest size: what waits is text in memory. */
const BACKLOG_LARGE_MAX = 8;
/** Refusals for sending too much that come at once; who goes on after them is slowed down, for the others' sake. */
const FREE_REFUSALS = 200;
/**
 * Requests that may wait of a connection that is slowed down, while so much is refused to all of them together that
 * others wait for it. None is refused at once then: what each of a hundred may cost alone is too much for all.
 */
const FLOOD_BACKLOG_MAX = 10;
/** How many of them a message makes good that was within the limits. */
const REFUSALS_MADE_GOOD = 10;
const SLOW_DOWN_MS = 10;
/** How often a reader that is behind is looked at. */
const FLUSH_MS = 5;
/** So long a connection may take to show who it is, where that is required. */
const SHOW_WITHIN_MS = 30_000;
/** Pushes that may wait for the reply that is to come before them. */
const HELD_MAX = 10_000;
const HELD_LENGTH_MAX = 16 << 20;

export interface ConnectionOptions {
  id: string;
  socket: Socket;
  router: Router;
  hub: Pick<SubscriptionHub, "join" | "leave">;
  clock: Clock;
  limits: SessionLimits;
  auth: ConnectionAuth;
  /** As the upgrade's headers show it. */
  identity: Identity;
  server_version: string;
  max_message_bytes: number;
  closed(connection: Connection): void;
}

export interface ConnectionAuth {
  /** Whether a connection must show who it is. */
  readonly isRequired: boolean;
  isValid(identity: Identity): boolean;
}

/** A request that waits for the one being carried out. */
interface Queued {
  request: () => object | Promise<object>;
  length: number;
}

export class Connection implements Session, Subscriber {
  readonly id: string;
  readonly limits: SessionLimits;
  readonly #subscriptions: Subscriptions;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  #flushing: Timer | undefined;
  #gone = false;
  #serial = 0;
  /** Before its first ping, a client has shown that it is there by coming. */
  #lastPing_ms: number;
  #queue: Queued[] = [];
  #queuedLength = 0;
  /** Whether a request is being carried out, or its reply waits to be taken. */
  #busy = false;
  #awaitsReader = false;
  #refusals = 0;
  #slowedDown: Timer | undefined;
  #held: { text: string; coalesce?: string }[] | undefined;
  #heldLength = 0;
  #identity: Identity;
  /** Ends a connection that shows no key, or whose session is over. */
  #expiry: Timer | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.id = options.id;
    this.limits = options.limits;
    this.#lastPing_ms = options.clock.now();
    this.#identity = options.identity;
    this.#checkLater();
    const socket = this.#socket = options.socket;
    this.#subscriptions = options.hub.join(this, () => `sub_${options.id}_${++this.#serial}`);
    this.#outbox = new Outbox({
      send: (text) => socket.send(text),
      get buffered() {
        return socket.bufferedAmount;
      },
    });
    socket.onopen = () => this.#guarded(() => this.#greet());
    socket.onmessage = ({ data }: { data: unknown }) => this.#guarded(() => this.#receive(data));
    socket.onclose = () => this.#end();
    // The close event that follows ends the connection; a peer that vanished is no failure of ours.
    socket.onerror = () => {};
  }

  // ---- who it is

  get identity(): Identity {
    return this.#identity;
  }

  get actor(): Actor {
    return this.#identity.actor;
  }

  identify(identity: Identity): void {
    this.#identity = identity;
    this.#checkLater();
  }

  /** Closes the connection when it may not, or not any more, be here. */
  recheck(): void {
    const { auth } = this.#options;
    if (!auth.isRequired) return;
    if (!isKnown(this.#identity)) this.close(CLOSE.policy, "no API key was shown");
    else if (!auth.isValid(this.#identity)) this.close(CLOSE.policy, "the session is over");
  }

  #checkLater(): void {
    this.#expiry?.cancel();
    this.#expiry = undefined;
    const { auth, clock } = this.#options;
    if (!auth.isRequired) return;
    const left_ms = isKnown(this.#identity) ? this.#identity.expires_ms - clock.now() : SHOW_WITHIN_MS;
    if (left_ms < Infinity) {
      this.#expiry = clock.after(left_ms, () => this.#guarded(() => this.recheck()));
    }
  }

  // ---- what handlers ask of it

  subscribe(channels: Channel[], filters: SubscriptionFilters): string {
    return this.#subscriptions.subscribe(channels, filters);
  }

  follow(filter: Parameters<Session["follow"]>[0]): string {
    // The reply with the entries so far comes first, whatever is appended until it is ready.
    this.#held ??= [];
    return this.#subscriptions.follow(filter);
  }

  unsubscribe(channels: Channel[] | undefined, subscription_id: string | undefined): Channel[] {
    return this.#subscriptions.unsubscribe(channels, subscription_id);
  }

  get isBehind(): boolean {
    return !this.#gone && (this.#outbox.size > 0 || (this.#held?.length ?? 0) > 0);
  }

  push(text: string, coalesce?: string): void {
    if (this.#gone) return;
    if (this.#held) {
      this.#heldLength += text.length;
      if (this.#held.push({ text, coalesce }) > HELD_MAX || this.#heldLength > HELD_LENGTH_MAX) {
        this.close(CLOSE.try_again_later, "too many pushes waiting");
      }
      return;
    }
    this.#hand(() => this.#outbox.push(text, coalesce));
  }

  #hand(add: () => boolean | void): void {
    try {
      if (add() === false) return this.close(CLOSE.try_again_later, "reader too slow");
      if (this.#outbox.size > 0) this.#flushLater();
    } catch (error) {
      // The socket closed between our look and the send; its close event does the rest.
      log.debug("Connection {id} did not take a message: {error}", { id: this.id, error });
    }
  }

  close(code: number, reason: string): void {
    if (this.#gone) return;
    this.#end();
    try {
      this.#socket.close(code, reason);
    } catch (error) {
      // Closed by the other side already.
      log.debug("Connection {id} was closed already: {error}", { id: this.id, error });
    }
  }

  // ---- the socket's events

  /** An exception in a socket's event handler would end the process. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      log.error("Connection {id} failed: {error}", { id: this.id, error });
      this.close(CLOSE.internal, "internal error");
    }
  }

  #greet(): void {
    const { server_version, clock } = this.#options;
    this.#send({ type: "connection_established", server_version, timestamp: isoTime(clock.now()) });
  }

  #receive(data: unknown): void {
    if (this.#gone) return;
    if (typeof data !== "string") {
      const size = data instanceof Blob ? data.size : (data as ArrayBuffer).byteLength;
      if (size > this.#options.max_message_bytes) return this.#tooBig();
      const error = new ApiError("INVALID_JSON", "Binary frames are not understood; send JSON as text");
      return this.#inOrder(() => errorReply(error, this.#options.clock, "frame"), 0);
    }
    if (exceeds(data, this.#options.max_message_bytes)) return this.#tooBig();
    this.#inOrder(() => this.#options.router.receive(data, this), data.length);
  }

  #tooBig(): void {
    this.close(CLOSE.too_big, `messages may have ${this.#options.max_message_bytes} bytes`);
  }

  /** These are about each connection by itself. */
  own(message: object): string | undefined {
    const { type } = message as { type?: string };
    if (type === "rate_limit_info") return JSON.stringify({ ...message, limits: this.limits.usage() });
    if (type !== "connection_status") return undefined;
    const message_queue_size = this.#outbox.size;
    const status = message_queue_size > 0 ? "degraded" : "healthy";
    const last_ping = isoTime(this.#lastPing_ms);
    return JSON.stringify({ ...message, status, last_ping, message_queue_size });
  }

  // ---- requests, one after another

  /** Carries a request out once those before it are answered. `length`: of its text. */
  #inOrder(request: Queued["request"], length: number): void {
    if (!this.#busy) return this.#carryOut(request);
    this.#queuedLength += length;
    const takesPart = this.#slowedDown !== undefined && this.limits.isFlooded;
    if (
      this.#queue.push({ request, length }) > (takesPart ? FLOOD_BACKLOG_MAX : BACKLOG_MAX) ||
      this.#queuedLength > BACKLOG_LARGE_MAX * this.#options.max_message_bytes
    ) this.close(CLOSE.try_again_later, "too many requests waiting");
  }

  #carryOut(request: Queued["request"]): void {
    this.#busy = true;
    for (let next: typeof request | undefined = request; next; next = this.#next()) {
      const reply = next();
      if (reply instanceof Promise) {
        void reply.then((message) =>
          this.#guarded(() => {
            this.#send(message);
            this.#goOn();
          })
        );
        return;
      }
      this.#send(reply);
      if (this.#floods(reply)) {
        this.#slowedDown = this.#options.clock.after(SLOW_DOWN_MS, () => {
          this.#slowedDown = undefined;
          this.#guarded(() => this.#goOn());
        });
        return;
      }
    }
  }

  /** Whether it keeps sending far more than the limits allow. */
  #floods(reply: object): boolean {
    const { code, details } = reply as Partial<ErrorReply>;
    // What all share others may have used up.
    const isRefused = code === "RATE_LIMIT_EXCEEDED" && details?.limit !== "global_messages_per_minute";
    this.#refusals = Math.max(0, this.#refusals + (isRefused ? 1 : -REFUSALS_MADE_GOOD));
    return isRefused && (this.limits.isFlooded || this.#refusals > FREE_REFUSALS);
  }

  /** The next request, once the reply before it is taken: who asks and does not read is answered no more. */
  #next(): Queued["request"] | undefined {
    if (this.#gone) return undefined;
    this.#awaitsReader = !this.#outbox.isFree;
    if (this.#awaitsReader) {
      this.#flushLater();
      return undefined;
    }
    const next = this.#queue.shift();
    this.#busy = next !== undefined;
    this.#queuedLength -= next?.length ?? 0;
    return next?.request;
  }

  #goOn(): void {
    const next = this.#next();
    if (next) this.#carryOut(next);
  }

  #send(message: object): void {
    if ((message as { type?: string }).type === "pong") this.#lastPing_ms = this.#options.clock.now();
    const text = JSON.stringify(message);
    this.#hand(() => this.#outbox.reply(text));
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldLength = 0;
    for (const { text, coalesce } of held) this.push(text, coalesce);
    const limits = this.limits.warning();
    if (limits) {
      const timestamp = isoTime(this.#options.clock.now());
      this.push(JSON.stringify({ type: "rate_limit_info", limits, timestamp }), "rate_limit_info");
    }
  }

  // ---- pace

  #flushLater(): void {
    this.#flushing ??= this.#options.clock.after(FLUSH_MS, () => {
      this.#flushing = undefined;
      if (this.#gone) return;
      this.#guarded(() => {
        if (!this.#outbox.flush()) this.#flushLater();
        else if (this.#awaitsReader) this.#goOn();
      });
    });
  }

  /** The close event can come twice. */
  #end(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#flushing?.cancel();
    this.#slowedDown?.cancel();
    this.#expiry?.cancel();
    this.#outbox.clear();
    this.#queue = [];
    this.#options.hub.leave(this);
    this.#options.closed(this);
  }
}

const utf8 = new TextEncoder();

function exceeds(text: string, max_bytes: number): boolean {
  return text.length > max_bytes || (text.length * 3 > max_bytes && utf8.encode(text).length > max_bytes);
}
