import { isoTime } from "../clock/clock.ts";
import { shownEnd } from "./shown_session.ts";
import { capability } from "./capability.ts";

export const authenticate = capability({
  type: "authenticate",
  doc:
    "Authenticates this connection by an API key or a session's token. It then has the key's permissions until the " +
    "session expires. Over HTTP, send the session's token or the key itself as `Authorization: Bearer`.",
  permission: "none",
  countsItself: true,
  errors: ["INVALID_AUTH_TOKEN"],
  example: {
    type: "authenticate",
    api_key: "sk-1234567890abcdef",
    client_info: { name: "OpenCode Dashboard", version: "1.0.0" },
  },
  handle: async ({ api_key }, { auth, clock }, session) => {
    // A valid key spends what keys share, so that clients without one cannot keep it out.
    const { session_token, identity } = await auth.authenticate(api_key, session.limits.client)
      .catch((error) => {
        session.limits.message();
        throw error;
      });
    session.identify(identity);
    session.limits.message();
    const expires_at = isoTime(shownEnd(identity, clock.now()));
    return {
      session_token,
      expires_at,
      permissions: [...identity.permissions],
      timestamp: isoTime(clock.now()),
    };
  },
});
