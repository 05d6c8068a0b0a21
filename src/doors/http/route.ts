/** The definition of a route. Files export their routes; `routes.ts` lists them all. */
import type { Context, MiddlewareHandler } from "hono";
import type { Identity } from "../../access/identity.ts";
import type { Session } from "../../api/capability.ts";
import type { Permission } from "../../domain/access_key.ts";
import type { ErrorReply } from "../../protocol/messages.ts";

/** What Hono's context carries. */
import type { ClientCertificate } from "../transport/listener.ts";

export interface HttpEnv {
  Bindings: {
    ip: string;
    certificate?: ClientCertificate;
    /** The agent whose process asks, if one does: it counts as that, whatever it shows. */
    agent(): Promise<Identity | undefined>;
  };
}

export interface HttpRequest {
  context: Context<HttpEnv>;
  /** The caller's session; anonymous if the route needs no permission. */
  session: Session;
}

export interface Route {
  /** POST: other methods are answered with 405. */
  method: "GET" | "POST";
  path: string;
  /**
   * `none`: anyone may ask, and credentials are not checked. `per message`: the router checks each message in the body.
   * `any key`: as that, but whoever must show a key must do so first.
   */
  permission: Permission | "none" | "per message" | "any key";
  /** Answers with a response, or with a message of the API. An `ApiError` that it throws becomes an error reply. */
  handle(request: HttpRequest): Promise<Response | object> | Response | object;
  /** The form of an error reply, if it is not the API's own. */
  errorForm?(reply: ErrorReply): object;
  middleware?: MiddlewareHandler<HttpEnv>;
}
