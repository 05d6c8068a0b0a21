/** The listener: guards the door, upgrades sockets, mirrors messages over HTTP. */
import { getLogger } from "@logtape/logtape";
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { ApiContext, Session, SessionLimits } from "../api/capability.ts";
import { asyncApiDocument, schemaDocument } from "../api/documents.ts";
import { errorReply } from "../api/error_reply.ts";
import type { Router } from "../api/router.ts";
import { type Clock, sleep, within } from "../clock/clock.ts";
import type { Config } from "../protocol/config.ts";
import type { KnownAgents } from "../protocol/config.ts";
import { configSchema } from "../protocol/config_reference.ts";
import type { Identity } from "../protocol/auth_messages.ts";
import { ApiError, type ErrorCode, ERRORS } from "../domain/errors.ts";
import type { Health } from "../protocol/system_messages.ts";
import type { ErrorReply } from "../protocol/messages.ts";
import { CLOSE, Connection, type ConnectionAuth } from "./ws/connection.ts";
import { type GuardRules, refusal } from "./guard.ts";
import { type Answer, type Caller, listen } from "./transport/listener.ts";
import { referencePage } from "./http/reference_page.ts";
import type { SubscriptionHub } from "../api/channels/subscriptions.ts";
import { transportFor } from "./transport/transports.ts";

const log = getLogger(["opencode-agents", "server"]);

const REFUSAL_DELAY_MS = 250;
/** Deno's `shutdown` never resolves while a client stalls, so it is not waited for longer than this. */
const SHUTDOWN_MS = 1000;

export interface ServerOptions {
  router: Router;
  hub: SubscriptionHub;
  clock: Clock;
  version: string;
  known_agents: KnownAgents;
  host: string;
  port: number;
  transport: Config["server"]["transport"];
  allowed_origins: readonly string[];
  allowed_hosts: readonly string[];
  max_message_bytes: number;
  /** Counts who comes; `connect` throws the `ApiError` of a limit that is reached. */
  metrics: { connected(): void; disconnected(): void };
  health: { check(): Promise<Health> };
  /** Answers with a file of the web page. */
  dashboard: { answer(name: string, request: Request): Promise<Response> };
  prometheus: { text(): Promise<{ body: string; content_type: string }> };
  auth: ConnectionAuth & Pick<ApiContext["auth"], "authorise"> & {
    /** Who sent this `Authorization` header; throws `INVALID_AUTH_TOKEN`. */
    bearer(header: string | null, client_ip: string): Identity | undefined;
  };
  addresses: {
    /** Who asks, where `peer` may be a proxy. */
    clientOf(peer: string, forwarded_for: string | null): string;
    /** Why nobody at this address may ask; undefined when they may. */
    refusal(ip: string): string | undefined;
  };
  /** Told of every request that the guard refused. */
  onForeign(ip: string, reason: string): void;
  /** Answers a POST to `/mcp` with this body; `ask` puts a message to the router in the name of who sent it. */
  mcp(request: Request, body: string, ask: (message: object) => Promise<object>): Promise<Response>;
  limits: {
    connect(ip: string): SessionLimits;
    disconnected(limits: SessionLimits): void;
    /** Whether so much is being refused that those who ask should be made to wait for it. */
    readonly isStorm: boolean;
    http(ip: string): SessionLimits;
  };
}

export interface RunningServer {
  /** `http://HOST:PORT` as it listens. */
  readonly url: string;
  readonly connections: number;
  /** Closes the connections of those who may not be here any more. */
  recheck(): void;
  /** Stops accepting and closes all connections with 1001. */
  stop(): Promise<void>;
}

/** Rejects with `SERVICE_UNAVAILABLE` when the address cannot be had, with `CONFIGURATION_ERROR` when the transport cannot. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { router, hub, clock, host } = options;
  const connections = new Set<Connection>();
  let serial = 0;

  /** Whoever is refused again and again waits for it, and so has less time to ask: the others go first. */
  const refused = async (reply: ErrorReply, ip: string): Promise<Response> => {
    if (options.limits.isStorm) await sleep(clock, REFUSAL_DELAY_MS);
    else log.warn("Client from {ip} refused: {reason}", { ip, reason: reply.message, code: reply.code });
    const headers = { "retry-after": String(reply.details?.retry_after_seconds ?? 1) };
    return Response.json(reply, { status: statusOf(reply), headers });
  };

  const identityOf = (request: Request, ip: string) =>
    options.auth.bearer(request.headers.get("authorization"), ip);

  const upgrade = (request: Request, ip: string, take: Caller["upgrade"]): Response | Promise<Response> => {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("This is a WebSocket endpoint", { status: 426, headers: { upgrade: "websocket" } });
    }
    let limits: SessionLimits;
    let identity: Identity | undefined;
    try {
      identity = identityOf(request, ip);
      limits = options.limits.connect(ip);
    } catch (error) {
      return refused(errorReply(error, clock, "upgrade"), ip);
    }
    let upgraded: ReturnType<Caller["upgrade"]>;
    try {
      upgraded = take();
    } catch (error) {
      // What never became a connection must not take a place.
      options.limits.disconnected(limits);
      log.debug("No upgrade for {ip}: {error}", { ip, error });
      return new Response("This is no WebSocket handshake", { status: 400 });
    }
    const { socket, response } = upgraded;
    const connection = new Connection({
      id: String(++serial),
      socket,
      router,
      clock,
      limits,
      auth: options.auth,
      identity,
      server_version: options.version,
      max_message_bytes: options.max_message_bytes,
      closed: (one) => {
        connections.delete(one);
        hub.remove(one);
        options.limits.disconnected(limits);
        options.metrics.disconnected();
        log.info("Client {id} from {ip} has gone", { id: one.id, ip });
      },
    });
    log.info("Client {id} connected from {ip}", { id: connection.id, ip });
    options.metrics.connected();
    connections.add(connection);
    hub.add(connection);
    return response;
  };

  const app = new Hono<{ Bindings: { ip: string } }>();
  // The guard has refused all other pages; without these headers a browser keeps the answer from the allowed ones.
  app.use(cors({ origin: [...options.allowed_origins], exposeHeaders: ["retry-after"] }));
  app.post("/api", async (c) => {
    const { ip } = c.env;
    let reply: object;
    try {
      const session = httpSession(options.limits.http(ip), identityOf(c.req.raw, ip));
      reply = await router.receive(await readText(c.req.raw, options.max_message_bytes), session);
    } catch (error) {
      reply = errorReply(error, clock, "request");
    }
    if (statusOf(reply) === TOO_MANY && options.limits.isStorm) await sleep(clock, REFUSAL_DELAY_MS);
    const wait_seconds = (reply as ErrorReply).details?.retry_after_seconds;
    return c.json(
      reply,
      statusOf(reply),
      wait_seconds === undefined ? {} : { "retry-after": String(wait_seconds) },
    );
  });
  app.all("/api", postOnly);
  app.post("/mcp", async (c) => {
    const { ip } = c.env;
    try {
      const session = httpSession(options.limits.http(ip), identityOf(c.req.raw, ip));
      // A tool's own messages count like all others; this one does, so that those without any are limited, too.
      session.limits.message();
      const text = await readText(c.req.raw, options.max_message_bytes);
      return await options.mcp(c.req.raw, text, async (message) => await router.dispatch(message, session));
    } catch (error) {
      const { code, message, details } = errorReply(error, clock, "mcp");
      const data = { code, details };
      return c.json(
        { jsonrpc: "2.0", id: null, error: { code: -32000, message, data } },
        statusOf({
          type: "error",
          code,
        }),
      );
    }
  });
  // No session, so nothing to listen to and nothing to end.
  app.all("/mcp", postOnly);
  app.get("/health", async (c) => {
    const health = await options.health.check();
    return c.json(health, health.overall_status === "unhealthy" ? 503 : 200);
  });
  app.get("/metrics", async (c) => {
    try {
      options.auth.authorise("read", "/metrics", identityOf(c.req.raw, c.env.ip), c.env.ip);
    } catch (error) {
      const reply = errorReply(error, clock, "metrics");
      return c.json(reply, statusOf(reply));
    }
    const { body, content_type } = await options.prometheus.text();
    return c.body(body, 200, { "content-type": content_type });
  });
  // Made when first asked for: most servers never are.
  const documents = {
    schema: once(() => schemaDocument()),
    config: once(() => configSchema(options.known_agents)),
    asyncapi: once(() => asyncApiDocument(options.version)),
    reference: once(() => referencePage(options.version, options.known_agents)),
  };
  app.get("/", (c) => options.dashboard.answer("index.html", c.req.raw));
  app.get("/assets/:name", (c) => options.dashboard.answer(c.req.param("name"), c.req.raw));
  app.get("/schema.json", (c) => c.json(documents.schema()));
  app.get("/config.schema.json", (c) => c.json(documents.config()));
  app.get("/asyncapi.json", (c) => c.json(documents.asyncapi()));
  app.get("/docs", async (c) => c.html(await documents.reference()));
  app.notFound((c) =>
    c.json({
      error: `There is nothing at ${c.req.path}`,
      see: ["/", "/docs", "/ws", "/api", "/mcp", "/health", "/metrics"],
    }, 404)
  );
  app.onError((error, c) => c.json(errorReply(error, clock, c.req.path), 500));

  const answer: Answer = (request, caller) => {
    const { headers } = request;
    const ip = options.addresses.clientOf(caller.ip, headers.get("x-forwarded-for"));
    const why = options.addresses.refusal(ip) ??
      refusal(rules, headers.get("host"), headers.get("origin"));
    if (why !== undefined) {
      log.warn("Client from {ip} refused: {reason}", { ip, reason: why, code: "PERMISSION_DENIED" });
      options.onForeign(ip, why);
      return Response.json(errorReply(new ApiError("PERMISSION_DENIED", why), clock, "guard"), {
        status: 403,
      });
    }
    // Past Hono, which would wrap the response that Deno knows the upgrade by.
    return new URL(request.url).pathname === "/ws"
      ? upgrade(request, ip, caller.upgrade)
      : app.fetch(request, { ip });
  };
  const listener = await listen(await transportFor(options), {
    clock,
    host,
    port: options.port,
    answer,
    max_message_bytes: options.max_message_bytes,
  });
  const { port } = listener;
  const rules: GuardRules = {
    host,
    port,
    allowed_origins: options.allowed_origins,
    allowed_hosts: options.allowed_hosts,
  };

  return {
    url: `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`,
    get connections() {
      return connections.size;
    },
    recheck() {
      for (const connection of [...connections]) connection.recheck();
    },
    async stop() {
      const shutdown = listener.shutdown();
      for (const connection of [...connections]) connection.close(CLOSE.going_away, "server stops");
      await within(clock, SHUTDOWN_MS, shutdown, undefined);
    },
  };
}

const postOnly = () => new Response("POST only", { status: 405, headers: { allow: "POST" } });

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** One HTTP request can be answered, but not pushed to. */
function httpSession(limits: SessionLimits, identity: Identity | undefined): Session {
  return {
    id: "http",
    limits,
    identity,
    // The next request shows the token again.
    identify() {},
    subscribe: refuseSubscription,
    follow: refuseSubscription,
    unsubscribe: refuseSubscription,
  };
}

function refuseSubscription(): never {
  throw new ApiError(
    "SUBSCRIPTION_ERROR",
    "Updates need a WebSocket connection (/ws); HTTP cannot be pushed to",
  );
}

async function readText(request: Request, max_bytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > max_bytes) {
      throw new ApiError("INVALID_FIELD_VALUE", `A message may have at most ${max_bytes} bytes`, {
        field: "(root)",
        value: null,
        expected: `at most ${max_bytes} bytes`,
      });
    }
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(
      await new Blob(chunks as BlobPart[]).arrayBuffer(),
    );
  } catch {
    // `fatal` throws a TypeError for what is not UTF-8.
    throw new ApiError("INVALID_JSON", "The body is not UTF-8");
  }
}

/** HTTP 429; see `statusOf` for its type. */
const TOO_MANY = 429 as unknown as 200;

function statusOf(reply: object): 200 {
  const code = (reply as { code?: ErrorCode }).code;
  // Hono's type wants a literal; the table holds real statuses.
  return ((reply as { type?: string }).type === "error" && code ? ERRORS[code].status || 500 : 200) as 200;
}
