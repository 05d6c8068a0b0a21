/** The session of one HTTP request, which can be answered but not pushed to. */
import type { Identity } from "../../access/identity.ts";
import type { Session, SessionLimits } from "../../api/capability.ts";
import { ApiError } from "../../domain/errors.ts";

export function httpSession(limits: SessionLimits, identity: Identity): Session {
  return {
    id: "http",
    limits,
    identity,
    actor: identity.actor,
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
