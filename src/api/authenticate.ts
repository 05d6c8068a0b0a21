import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const authenticate = capability({
  type: "authenticate",
  doc:
    "Shows an API key: from then on the connection may do what the key may, until the session expires. Over " +
    "HTTP the session's token goes into `Authorization: Bearer`, as the key itself may.",
  permission: "none",
  errors: ["INVALID_AUTH_TOKEN"],
  example: {
    type: "authenticate",
    api_key: "sk-1234567890abcdef",
    client_info: { name: "OpenCode Dashboard", version: "1.0.0" },
  },
  handle: async ({ api_key }, { auth, clock }, session) => {
    const { session_token, identity } = await auth.authenticate(api_key, session.limits.client);
    session.identify(identity);
    // The owner's session does not expire while the server runs; a distant date stands for that.
    const expires_at = isoTime(Math.min(identity.expires_ms, clock.now() + 365 * 86_400_000));
    return {
      session_token,
      expires_at,
      permissions: [...identity.permissions],
      timestamp: isoTime(clock.now()),
    };
  },
});
