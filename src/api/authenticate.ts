import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const authenticate = capability({
  type: "authenticate",
  doc:
    "Authenticates this connection by an API key or a session's token. It then has the key's permissions until the " +
    "session expires. Over HTTP, send the session's token or the key itself as `Authorization: Bearer`.",
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
