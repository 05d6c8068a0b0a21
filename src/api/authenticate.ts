import type { Identity } from "../access/identity.ts";
import { isoTime } from "../clock/clock.ts";
import { recordAction } from "../store/audit/audited_action.ts";
import { shownEnd } from "./shown_session.ts";
import { ApiError } from "../domain/errors.ts";
import { type ApiContext, capability, type Session } from "./capability.ts";

export const authenticate = capability({
  type: "authenticate",
  doc:
    "Authenticates this connection by an API key, a session's token, or as `token` a JWT of the identity provider. It then " +
    "has the permissions of that until the session expires. Over HTTP, send any of them as `Authorization: Bearer`. The " +
    "connection of a task's agent stays that: it opens no session, and the answer names the agent's permissions.",
  permission: "none",
  countsItself: true,
  errors: ["INVALID_AUTH_TOKEN"],
  example: {
    type: "authenticate",
    api_key: "sk-1234567890abcdef",
    client_info: { name: "OpenCode Dashboard", version: "1.0.0" },
  },
  handle: async ({ api_key, token }, { auth, sessions, clock }, session) => {
    // A valid key spends what keys share, so that clients without one cannot keep it out.
    const shown = onlyOne(api_key, token);
    const { session_token, identity } = await signIn(shown, auth, session).catch((error) => {
      session.limits.message();
      throw error;
    });
    try {
      await recordAction({ actor: identity.actor, target: identity.session?.id });
    } catch (error) {
      // A session of its own token goes on.
      if (identity.session && session_token !== shown) sessions.end(identity.session);
      throw error;
    }
    if (identity !== session.identity) session.identify(identity);
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

/** Rejects for a wrong key. An agent may have found a right one, and stays who it is. */
async function signIn(
  shown: string,
  auth: ApiContext["auth"],
  { actor, identity, limits: { client } }: Session,
): Promise<{ session_token: string; identity: Identity }> {
  if (actor.kind !== "agent") return await auth.authenticate(shown, client);
  await auth.identify({ authorization: `Bearer ${shown}`, ip: client });
  return { session_token: shown, identity };
}

function onlyOne(api_key: string | undefined, token: string | undefined): string {
  if (api_key !== undefined && token !== undefined) {
    throw new ApiError("INVALID_FIELD_VALUE", "Show either 'api_key' or 'token'", {
      field: "token",
      expected: "no token beside an api_key",
    });
  }
  const shown = api_key ?? token;
  if (shown !== undefined) return shown;
  throw new ApiError("MISSING_REQUIRED_FIELD", "'authenticate' needs 'api_key' or 'token'", {
    field: "api_key",
    expected: "an API key, or a token of the identity provider as 'token'",
  });
}
