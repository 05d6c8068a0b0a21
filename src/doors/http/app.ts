/**
 * Handles HTTP requests: identifies the caller, checks permission, calls the route, and turns failures into replies.
 */
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Auditor } from "../../access/auditor.ts";
import type { Authentication } from "../../access/authentication.ts";
import { type Identity, NOBODY } from "../../access/identity.ts";
import type { Standing } from "../../access/shares.ts";
import type { SessionLimits } from "../../api/capability.ts";
import type { Actor } from "../../domain/actor.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Replies } from "../replies.ts";
import type { HttpEnv, HttpRequest, Route } from "./route.ts";
import { secured } from "./security_headers.ts";
import { httpSession } from "./session.ts";

/** The paths that the 404 reply lists. */
const PLACES = ["/", "/docs", "/ws", "/api", "/attachments", "/hooks", "/mcp", "/health", "/metrics"];

export interface HttpOptions {
  allowed_origins: readonly string[];
  auth: Pick<Authentication, "authorise" | "identify" | "requireKey" | "standingOf">;
  limits: { http(ip: string, actor: Actor, standing: Standing): SessionLimits };
  /** Absent if no audit log is kept. */
  audit?: Pick<Auditor, "noteRefusal" | "during">;
}

export type HttpApp = Hono<HttpEnv>;

export function httpApp(options: HttpOptions, routes: readonly Route[], replies: Replies): HttpApp {
  const app: HttpApp = new Hono();
  app.use(async (context, next) => {
    await next();
    secured(context.res);
  });
  // The guard has refused all other origins. Without these headers a browser hides the answer from the allowed ones.
  app.use(cors({ origin: [...options.allowed_origins], exposeHeaders: ["retry-after"] }));
  for (const route of routes) {
    if (route.middleware) app.use(route.path, route.middleware);
    app.on(route.method, route.path, (context) => answer(context, route, options, replies));
    if (route.method === "POST") app.all(route.path, postOnly);
  }
  app.notFound((c) => c.json({ error: `There is nothing at ${c.req.path}`, see: PLACES }, 404));
  app.onError((error, c) => replies.failure(error, c.req.path));
  return app;
}

const postOnly = () => new Response("POST only", { status: 405, headers: { allow: "POST" } });

/** The one place where requests over HTTP are authorised, and where their failures become replies. */
async function answer(
  context: HttpRequest["context"],
  route: Route,
  { auth, limits, audit }: HttpOptions,
  replies: Replies,
): Promise<Response> {
  const { ip, certificate } = context.env;
  const { path, permission, handle, errorForm } = route;
  let identity: Identity = NOBODY;
  try {
    const authorization = context.req.header("authorization") ?? null;
    identity = permission === "none"
      ? NOBODY
      : await context.env.agent() ?? await auth.identify({ authorization, certificate, ip });
    if (permission === "any key") auth.requireKey(identity);
    else if (permission !== "none" && permission !== "per message") {
      auth.authorise(permission, path, identity, ip);
    }
    const answered = await handle({
      context,
      // Created only if it is used: an address that only loads the page needs no limits of its own.
      get session() {
        return httpSession(
          identity,
          (identity) => limits.http(ip, identity.actor, auth.standingOf(identity)),
        );
      },
    });
    return answered instanceof Response ? answered : await replies.of(answered, errorForm);
  } catch (error) {
    const action = isWrongKey(error) ? "authenticate" : path;
    audit?.noteRefusal({ actor: identity.actor, ip, action }, error);
    return await replies.failure(error, path, errorForm);
  }
}

export function isWrongKey(error: unknown): boolean {
  return error instanceof ApiError && error.code === "INVALID_AUTH_TOKEN";
}
