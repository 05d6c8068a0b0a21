/** One WebSocket connection. Requests are handled in order; replies and pushes are sent at the pace of its reader. */
import { getLogger } from "@logtape/logtape";
import { errorReply } from "../../api/error_reply.ts";
import type { ApiVersion } from "../../protocol/api_version.ts";
import type { FollowFilter, Session, SessionLimits } from "../../api/capability.ts";
import { isOfAllTenants } from "../../api/tenancy.ts";
import type { Router } from "../../api/router.ts";
import { type Clock, isoTime, type Timer } from "../../clock/clock.ts";
import type { Authentication } from "../../access/authentication.ts";
import { type Identity, isKnown } from "../../access/identity.ts";
import type { Actor } from "../../domain/actor.ts";
import { ALL_TENANTS } from "../../domain/tenant_id.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Channel, SubscriptionFilters } from "../../protocol/subscription_messages.ts";
import type { LimitUsage } from "../../protocol/limits.ts";
import type { Socket } from "../transport/listener.ts";
import { RequestQueue } from "./request_queue.ts";
import { Sender } from "./sender.ts";
import type { ChannelPush } from "../../api/channels/channel.ts";
import type { Deprecation } from "../../protocol/deprecations.ts";
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

/** A socket that has not opened by then never will: its peer went during the handshake, and no event tells. */
const OPEN_WITHIN_MS = 5000;
/** How long a connection may take to authenticate, where that is required. */
const AUTHENTICATE_WITHIN_MS = 30_000;

/** No timer can be longer. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface ConnectionOptions {
  id: string;
  socket: Socket;
  router: Router;
  hub: Pick<SubscriptionHub, "join" | "leave" | "narrow" | "hasBasics" | "offerBasics">;
  clock: Clock;
  limits: SessionLimits;
  auth: ConnectionAuth;
  /** The identity from the headers of the upgrade request. */
  identity: Identity;
  /** Whether it keeps this identity, whatever it shows later. */
  isBound?: boolean;
  server_version: string;
  api_version: ApiVersion;
  max_message_bytes: number;
  /** The client's address. */
  ip: string;
  /** How many connections those of a tenant have. */
  clientsOf(tenant: string): number;
  /** The client has shown a key, or signed out. Throws if there is no place for it; then it stays who it was. */
  identified?(identity: Identity): void;
  closed(connection: Connection): void;
}

export type ConnectionAuth = Pick<Authentication, "isRequired" | "isValid" | "allows" | "bind" | "leave">;

export class Connection implements Session, Subscriber {
  readonly id: string;
  readonly limits: SessionLimits;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #subscriptions: Subscriptions;
  readonly #sender: Sender;
  readonly #requests: RequestQueue;
  #identity: Identity;
  /** Ends a connection that shows no key, or whose session is over. */
  #expiry: Timer | undefined;
  readonly #opening: Timer;
  #subscriptionSerial = 0;
  /** The deprecations that the client has been told of. */
  readonly #told = new Set<Deprecation>();
  /** Before the first ping: when the client connected. */
  #lastPing_ms: number;
  #gone = false;

  constructor(options: ConnectionOptions) {
    const { id, socket, clock, limits, max_message_bytes } = options;
    const guarded = (action: () => void) => this.#closeOnError(action);
    this.#options = options;
    this.id = id;
    this.limits = limits;
    this.#lastPing_ms = clock.now();
    this.#identity = options.auth.bind(options.identity, options.ip);
    this.#socket = socket;
    this.#sender = new Sender({
      id,
      clock,
      guarded,
      wire: {
        send: (text) => socket.send(text),
        get buffered() {
          return socket.bufferedAmount;
        },
      },
      overflow: (reason) => this.close(CLOSE.try_again_later, reason),
      drained: () => this.#requests.resume(),
    });
    this.#requests = new RequestQueue({
      clock,
      limits,
      max_message_bytes,
      guarded,
      isReaderReady: () => this.#sender.isReaderReady,
      answer: (reply) => this.#send(reply),
      overflow: () => this.close(CLOSE.try_again_later, "too many requests waiting"),
    });
    this.#subscriptions = options.hub.join(this, () => `sub_${id}_${++this.#subscriptionSerial}`);
    this.#checkLater();
    this.#opening = clock.after(
      OPEN_WITHIN_MS,
      () => this.close(CLOSE.going_away, "the connection did not open"),
    );
    socket.onopen = () =>
      guarded(() => {
        this.#opening.cancel();
        this.#greet();
      });
    socket.onmessage = ({ data }: { data: unknown }) => {
      try {
        this.#receive(data);
      } catch (error) {
        this.#fail(error);
      }
    };
    socket.onclose = () => this.#end();
    // The close event that follows ends the connection. A peer that vanished is not a failure of the server.
    socket.onerror = () => {};
  }

  get identity(): Identity {
    return this.#identity;
  }

  get actor(): Actor {
    return this.#identity.actor;
  }

  untold(deprecations: readonly Deprecation[]): readonly Deprecation[] {
    if (deprecations.length === 0) return deprecations;
    const untold = deprecations.filter((one) => !this.#told.has(one));
    for (const one of untold) this.#told.add(one);
    return untold;
  }

  identify(identity: Identity): void {
    if (this.#options.isBound) return;
    const { auth, hub, ip } = this.#options;
    const before = this.#identity;
    this.#options.identified?.(identity);
    this.#identity = auth.bind(identity, ip);
    if (this.#identity.session !== before.session) auth.leave(before);
    hub.narrow(this, (permission) => auth.allows(permission, this.#identity));
    this.#checkLater();
    if (!this.#options.hub.hasBasics) return;
    // The reply to the key comes first.
    this.#sender.holdPushes();
    this.#offerBasics();
  }

  /** Closes the connection if its session is over: after the reply to the request that has ended it. */
  recheck(): void {
    const { auth, clock } = this.#options;
    if (this.#gone || !isKnown(this.#identity) || auth.isValid(this.#identity)) return;
    this.#expiry?.cancel();
    this.#expiry = clock.after(0, () => this.close(CLOSE.policy, "the session is over"));
  }

  #checkLater(): void {
    this.#expiry?.cancel();
    this.#expiry = undefined;
    const { auth, clock } = this.#options;
    if (!isKnown(this.#identity)) {
      if (!auth.isRequired) return;
      this.#expiry = clock.after(
        AUTHENTICATE_WITHIN_MS,
        () => this.close(CLOSE.policy, "no API key was shown"),
      );
      return;
    }
    const left_ms = this.#identity.expires_ms - clock.now();
    if (left_ms === Infinity) return;
    this.#expiry = clock.after(Math.min(left_ms, TIMER_MAX_MS), () =>
      this.#closeOnError(() => {
        if (auth.isValid(this.#identity)) this.#checkLater();
        else this.recheck();
      }));
  }

  subscribe(channels: Channel[], filters: SubscriptionFilters, tenant?: string): string {
    const { tenancy } = this.#options.router;
    const whose = tenant ?? tenancy.ownOf(this.#identity);
    const only = tenancy.isOn && whose !== ALL_TENANTS ? whose : undefined;
    return this.#subscriptions.subscribe(channels, filters, only);
  }

  follow(filter: FollowFilter): string {
    // The reply with the entries so far comes first. Entries appended until it is ready wait.
    this.#sender.holdPushes();
    return this.#subscriptions.follow(filter);
  }

  unsubscribe(channels: Channel[] | undefined, subscription_id: string | undefined): Channel[] {
    return this.#subscriptions.unsubscribe(channels, subscription_id);
  }

  hears({ message, keys }: ChannelPush): boolean {
    const { router } = this.#options;
    // What those of all tenants get, their subscriptions decide.
    if (isOfAllTenants(this.#identity) && this.#identity.projects === undefined) return true;
    return router.scopeOf(this.#identity)?.hears(message, keys.task_id) ?? true;
  }

  get view(): string {
    return isOfAllTenants(this.#identity) ? ALL_TENANTS : this.#identity.actor.tenant;
  }

  get isBehind(): boolean {
    return this.#sender.isBehind;
  }

  push(text: string, coalesce?: string): void {
    this.#sender.push(text, coalesce);
  }

  /** Replaces messages whose content differs for each connection. */
  own(message: object): string | undefined {
    const { type } = message as { type?: string };
    const tenant = this.#options.router.scopeOf(this.#identity)?.boundTo;
    if (type === "rate_limit_info") {
      return JSON.stringify({ ...message, limits: ownLimits(this.limits.usage(), tenant) });
    }
    if (type !== "connection_status") return undefined;
    const message_queue_size = this.#sender.size;
    const status = message_queue_size > 0 ? "degraded" : "healthy";
    const last_ping = isoTime(this.#lastPing_ms);
    const own = tenant === undefined ? {} : { client_count: this.#options.clientsOf(tenant) };
    return JSON.stringify({ ...message, ...own, status, last_ping, message_queue_size });
  }

  close(code: number, reason: string): void {
    if (this.#gone) return;
    this.#end();
    try {
      this.#socket.close(code, reason);
    } catch (error) {
      // The other side has closed it already.
      log.debug("Connection {id} was closed already: {error}", { id: this.id, error });
    }
  }

  /** An exception in a socket's event handler would end the process. */
  #closeOnError(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    log.error("Connection {id} failed: {error}", { id: this.id, error });
    this.close(CLOSE.internal, "internal error");
  }

  #greet(): void {
    const { server_version, api_version, clock } = this.#options;
    this.#send({
      type: "connection_established",
      server_version,
      api_version,
      timestamp: isoTime(clock.now()),
    });
    this.#offerBasics();
  }

  #offerBasics(): void {
    const { hub, auth } = this.#options;
    if (!hub.hasBasics || !auth.allows("read", this.#identity)) return;
    // The first dashboards expect all of the state; a key for some projects may not have that.
    if (this.#options.router.scopeOf(this.#identity) !== undefined) return;
    void hub.offerBasics(this).catch((error) => this.#fail(error));
  }

  #receive(data: unknown): void {
    if (this.#gone) return;
    const { max_message_bytes, router, clock } = this.#options;
    if (exceeds(data, max_message_bytes)) {
      return this.close(CLOSE.too_big, `messages may have ${max_message_bytes} bytes`);
    }
    if (typeof data === "string") {
      return this.#requests.add((later) => router.receive(data, this, later), data.length);
    }
    const error = new ApiError("INVALID_JSON", "Binary frames are not understood; send JSON as text");
    this.#requests.add(() => errorReply(error, clock, "frame"), 0);
  }

  #send(message: object): void {
    const { clock } = this.#options;
    if ((message as { type?: string }).type === "pong") this.#lastPing_ms = clock.now();
    this.#sender.reply(JSON.stringify(message));
    const limits = this.limits.warning();
    if (!limits) return;
    const tenant = this.#options.router.scopeOf(this.#identity)?.boundTo;
    const warning = {
      type: "rate_limit_info",
      limits: ownLimits(limits, tenant),
      timestamp: isoTime(clock.now()),
    };
    this.push(JSON.stringify(warning), "rate_limit_info");
  }

  /** The close event can come twice. */
  #end(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#opening.cancel();
    this.#expiry?.cancel();
    this.#sender.close();
    this.#requests.close();
    this.#options.hub.leave(this);
    this.#options.auth.leave(this.#identity);
    this.#options.closed(this);
  }
}

const utf8 = new TextEncoder();

function exceeds(data: unknown, max_bytes: number): boolean {
  if (data instanceof Blob) return data.size > max_bytes;
  if (typeof data !== "string") return (data as ArrayBuffer).byteLength > max_bytes;
  return data.length > max_bytes || (data.length * 3 > max_bytes && utf8.encode(data).length > max_bytes);
}

/** The limits that the client uses up alone: those of one tenant are not told how much others do. */
function ownLimits(
  limits: Record<string, LimitUsage>,
  tenant: string | undefined,
): Record<string, LimitUsage> {
  if (tenant === undefined) return limits;
  return Object.fromEntries(Object.entries(limits).filter(([name]) => !name.startsWith("global_")));
}
