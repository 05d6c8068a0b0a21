/** The session of one HTTP request, which can be answered but not pushed to. */
import type { Identity } from "../../access/identity.ts";
import type { Session, SessionLimits } from "../../api/capability.ts";
import { ApiError } from "../../domain/errors.ts";

/** `limitsOf`: the limits of a client who is known by this identity. */
export function httpSession(identity: Identity, limitsOf: (identity: Identity) => SessionLimits): Session {
  let limits = limitsOf(identity);
  return {
    id: "http",
    get limits() {
      return limits;
    },
    identity,
    actor: identity.actor,
    // One request is all that it hears of this caller.
    untold: (deprecations) => deprecations,
    // The next request shows the token again; only this one counts as that client's.
    identify: (shown) => void (limits = limitsOf(shown)),
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
