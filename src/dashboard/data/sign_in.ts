/** Signs the owner's browser in by the link that the server prints at its start. */
import { ApiError } from "../../domain/errors.ts";
import { keepKey, keyNeeded } from "./key.ts";
import { client } from "./server.ts";

/** Uses the token of a link up, and keeps the session that it opens for this tab. Rejects if the server cannot be asked. */
export async function signIn(token: string): Promise<void> {
  try {
    const { session_token } = await client.request("authenticate", { api_key: token });
    keepKey(session_token);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "INVALID_AUTH_TOKEN") throw error;
    keyNeeded.value = "This link was used before or has expired.";
  }
}
