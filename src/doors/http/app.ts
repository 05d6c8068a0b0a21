/** What the server answers over HTTP: the API's mirror, MCP, documents, health, metrics and the dashboard. */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import type { ApiContext, Session, SessionLimits } from "../../api/capability.ts";
import { asyncApiDocument, schemaDocument } from "../../api/documents.ts";
import { errorReply } from "../../api/error_reply.ts";
import type { Router } from "../../api/router.ts";
import { type Clock, sleep } from "../../clock/clock.ts";
import { ApiError, type ErrorCode, ERRORS } from "../../domain/errors.ts";
import type { Identity } from "../../protocol/auth_messages.ts";
import type { KnownAgents } from "../../protocol/config.ts";
import { configSchema } from "../../protocol/config_reference.ts";
import type { ErrorReply } from "../../protocol/messages.ts";
import type { Health } from "../../protocol/system_messages.ts";
import { SECURITY_HEADERS } from "./dashboard_files.ts";
import { referencePage } from "./reference_page.ts";

export const REFUSAL_DELAY_MS = 250;

export interface HttpOptions {
  router: Router;
  clock: Clock;
  version: string;
  known_agents: KnownAgents;
  allowed_origins: readonly string[];
  max_message_bytes: number;
  health: { check(): Promise<Health> };
  /** Answers with a file of the web page. */
  dashboard: { answer(name: string, request: Request): Promise<Response> };
  prometheus: { text(): Promise<{ body: string; content_type: string }> };
  auth: Pick<ApiContext["auth"], "authorise"> & {
    /** Who sent this `Authorization` header; throws `INVALID_AUTH_TOKEN`. */
    bearer(header: string | null, client_ip: string): Identity | undefined;
  };
  /** Answers a POST to `/mcp` with this body; `ask` puts a message to the router in the name of who sent it. */
  mcp(request: Request, body: string, ask: (message: object) => Promise<object>): Promise<Response>;
  limits: {
    /** Whether so much is being refused that those who ask should be made to wait for it. */
    readonly isStorm: boolean;
    http(ip: string): SessionLimits;
  };
}

export type HttpApp = Hono<{ Bindings: { ip: string } }>;

export function httpApp(options: HttpOptions): HttpApp {
  const { router, clock } = options;
  const identityOf = (request: Request, ip: string) =>
    options.auth.bearer(request.headers.get("authorization"), ip);

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
  // The files bring their own ETag; a page from the browser's cache keeps its policy.
  const unchanged = etag({ retainedHeaders: [...RETAINED_304_HEADERS, ...Object.keys(SECURITY_HEADERS)] });
  app.get("/", unchanged, (c) => options.dashboard.answer("index.html", c.req.raw));
  app.get("/assets/:name", unchanged, (c) => options.dashboard.answer(c.req.param("name"), c.req.raw));
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
  return app;
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

export function statusOf(reply: object): 200 {
  const code = (reply as { code?: ErrorCode }).code;
  // Hono's type wants a literal; the table holds real statuses.
  return ((reply as { type?: string }).type === "error" && code ? ERRORS[code].status || 500 : 200) as 200;
}
