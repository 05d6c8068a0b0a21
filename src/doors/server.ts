/** The server's door: it listens, guards, upgrades sockets and answers HTTP requests. */
import { getLogger } from "@logtape/logtape";
import { type Clock, within } from "../clock/clock.ts";
import { ANONYMOUS } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import { recordAction } from "../store/audit/audited_action.ts";
import { type ApiVersion, SUBPROTOCOLS } from "../protocol/api_version.ts";
import type { Config } from "../protocol/config.ts";
import { type GuardRules, hookRefusal, isOwnPage, refusal } from "./guard.ts";
import { refusedHandshake } from "./handshake.ts";
import { type Identity, isKnown } from "../access/identity.ts";
import type { Connecting } from "../access/limits.ts";
import type { PeerAgents } from "../access/peer_agents.ts";
import { type HttpApp, httpApp, type HttpOptions, isWrongKey } from "./http/app.ts";
import { isHook } from "./http/hook_route.ts";
import type { Route } from "./http/route.ts";
import { Replies } from "./replies.ts";
import { type Answer, type Caller, listen, type Listener } from "./transport/listener.ts";
import type { ServedTls } from "./transport/served_tls.ts";
import { transportFor } from "./transport/transports.ts";
import type { Connections } from "./ws/connections.ts";

const log = getLogger(["opencode-agents", "server"]);

/** How long to wait for Deno's `shutdown`, which never resolves while a client stalls. */
const SHUTDOWN_MS = 1000;

export interface ServerOptions extends HttpOptions {
  clock: Clock;
  routes: readonly Route[];
  connections: Connections;
  auth: HttpOptions["auth"] & { readonly isRequired: boolean };
  limits: HttpOptions["limits"] & {
    readonly isStorm: boolean;
    /** Why a new connection would be refused now. */
    refusal(ip: string, connecting: Connecting): ApiError | undefined;
  };
  max_message_bytes: number;
  host: string;
  /** 0 picks a free one. */
  port: number;
  transport: Config["server"]["transport"];
  api: ApiVersion;
  /** With it, the server speaks https and wss alone. */
  tls: ServedTls | undefined;
  allowed_hosts: readonly string[];
  addresses: {
    /** The client's address, where `peer` may be a proxy. */
    clientOf(peer: string, forwarded_for: string | null): string;
    /** Why requests from this address are refused; undefined if they are not. */
    refusal(ip: string): string | undefined;
  };
  /** The agents of this machine, by their connections. */
  peers: Pick<PeerAgents, "agentOf">;
  /** Called for every request that the guard refuses. */
  refused(ip: string, reason: string): void;
}

export class Server {
  readonly name = "server";
  readonly #options: ServerOptions;
  readonly #replies: Replies;
  readonly #app: HttpApp;
  #listener: Listener | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#replies = new Replies(options);
    this.#app = httpApp(options, options.routes, this.#replies);
  }

  /** `http://HOST:PORT`, or https, as it listens. */
  get url(): string {
    const { host } = this.#options;
    const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
    return `${this.#options.tls ? "https" : "http"}://${name}:${this.#port}`;
  }

  get #port(): number {
    return this.#listener?.port ?? this.#options.port;
  }

  get #guardRules(): GuardRules {
    return { ...this.#options, port: this.#port };
  }

  /** Throws `SERVICE_UNAVAILABLE` if the address is unavailable, `CONFIGURATION_ERROR` if the transport is. */
  async start(): Promise<void> {
    const { clock, host, port, api, max_message_bytes, tls } = this.#options;
    const answer: Answer = (request, caller) => this.#answer(request, caller);
    const transport = await transportFor({ ...this.#options, isEncrypted: tls !== undefined });
    this.#listener = await listen(transport, {
      clock,
      host,
      port,
      subprotocol: SUBPROTOCOLS[api],
      answer,
      max_message_bytes,
      tls,
    });
  }

  /** Stops accepting and closes all connections with 1001. */
  async stop(): Promise<void> {
    const { clock, connections } = this.#options;
    const shutdown = this.#listener?.shutdown();
    connections.close();
    if (shutdown) await within(clock, SHUTDOWN_MS, shutdown, undefined);
  }

  #answer(request: Request, caller: Caller): Response | Promise<Response> {
    const { addresses } = this.#options;
    const { headers } = request;
    const ip = addresses.clientOf(caller.ip, headers.get("x-forwarded-for"));
    const reason = addresses.refusal(ip) ?? this.#refusalByGuard(request);
    if (reason !== undefined) {
      log.warn("Client from {ip} refused: {reason}", { ip, reason, code: "PERMISSION_DENIED" });
      this.#options.refused(ip, reason);
      return this.#replies.failure(new ApiError("PERMISSION_DENIED", reason), "guard");
    }
    // Bypasses Hono, which would wrap the response that Deno needs for the upgrade.
    const agent = () => this.#options.peers.agentOf(caller, this.#port);
    return new URL(request.url).pathname === "/ws"
      ? this.#upgrade(request, ip, agent, caller)
      : this.#app.fetch(request, { ip, agent, certificate: caller.certificate });
  }

  /** Why `Host` or `Origin` is refused. */
  #refusalByGuard({ headers, url }: Request): string | undefined {
    if (isHook(new URL(url).pathname)) return hookRefusal(this.#guardRules, headers.get("origin"));
    return refusal(this.#guardRules, headers.get("host"), headers.get("origin"));
  }

  /** A page that this server sent. Without authentication it has no key to show, but the browser vouches for it. */
  #isOwnPage(headers: Headers): boolean {
    // Browsers leave out the origin of a page's own requests over HTTP.
    return headers.get("sec-fetch-site") === "same-origin" ||
      isOwnPage(this.#guardRules, headers.get("host"), headers.get("origin"));
  }

  async #upgrade(
    request: Request,
    ip: string,
    agentBehind: () => Promise<Identity | undefined>,
    { upgrade: take, certificate }: Caller,
  ): Promise<Response> {
    const { auth, limits, connections, api } = this.#options;
    const { headers } = request;
    try {
      // The first clients of the API offer no subprotocol.
      const notHandshake = refusedHandshake(request, api === "v1" ? undefined : SUBPROTOCOLS[api]);
      const agent = notHandshake ? undefined : await agentBehind();
      const identity = agent ?? await auth.identify({
        authorization: headers.get("authorization"),
        certificate,
        ip,
        isProbe: notHandshake !== undefined,
      });
      const isTrusted = isKnown(identity) || (!auth.isRequired && this.#isOwnPage(headers));
      if (!notHandshake) {
        const client = { ip, identity, isTrusted, isBound: agent !== undefined };
        return await this.#signedIn(identity, ip, () => connections.accept(client, take));
      }
      // A browser hides the refusal of a WebSocket from its page, so a page asks again over HTTP.
      const refusal = request.method === "GET"
        ? limits.refusal(ip, { standing: auth.standingOf(identity), isTrusted })
        : undefined;
      if (!refusal) return notHandshake;
      throw refusal;
    } catch (error) {
      const code = error instanceof ApiError ? error.code : "SERVICE_UNAVAILABLE";
      const action = isWrongKey(error) ? "authenticate" : "connect";
      this.#options.audit?.noteRefusal({ actor: ANONYMOUS, ip, action }, error);
      if (!limits.isStorm) log.warn("Client from {ip} refused: {error}", { ip, error, code });
      return await this.#replies.failure(error, "/ws");
    }
  }

  /** A socket that shows who it is has signed in. */
  async #signedIn(identity: Identity, ip: string, accept: () => Response): Promise<Response> {
    const { audit } = this.#options;
    if (!audit || !isKnown(identity)) return accept();
    const { actor } = identity;
    return await audit.during({ actor, ip, action: "authenticate", details: { by: "socket" } }, async () => {
      await recordAction();
      return accept();
    });
  }
}
