/** Opens a Deno KV on another machine: denokv, or one of Deno Deploy. */
import { type Clock, within } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { denoKeyValue, type KeyValue } from "./kv.ts";

/** The variable from which Deno KV takes the token. It has no other way. */
export const TOKEN_VARIABLE = "DENO_KV_ACCESS_TOKEN";

/** Deno itself gives up on a dead network after 30 s. */
const OPEN_MS = 10_000;

export interface RemoteKv {
  /** The address of the store, http or https. */
  url: string;
  /** Overrides `DENO_KV_ACCESS_TOKEN`. */
  token?: string;
}

/** Throws `CONFIGURATION_ERROR` if the token is missing or refused, `DATABASE_CONNECTION_ERROR` if nobody answers. */
export async function openRemoteKv({ url, token }: RemoteKv, clock: Clock): Promise<KeyValue> {
  const before = Deno.env.get(TOKEN_VARIABLE);
  if (!(token ?? before)) {
    throw new ApiError(
      "CONFIGURATION_ERROR",
      `The store ${url} needs an access token: set ${TOKEN_VARIABLE}, or store.token_file to a file that contains it`,
      { field: "store.token_file", variable: TOKEN_VARIABLE },
    );
  }
  try {
    if (token) Deno.env.set(TOKEN_VARIABLE, token);
    // It reads the variable before it first waits.
    const opening = Deno.openKv(url);
    const kv = await within(clock, OPEN_MS, opening, undefined);
    if (kv) return denoKeyValue(kv, clock);
    opening.then((late) => late.close(), () => {});
    throw new Error(`no answer within ${OPEN_MS / 1000} s`);
  } catch (error) {
    throw openError(url, error);
  } finally {
    if (token) {
      if (before === undefined) Deno.env.delete(TOKEN_VARIABLE);
      else Deno.env.set(TOKEN_VARIABLE, before);
    }
  }
}

function openError(url: string, error: unknown): ApiError {
  const reason = error instanceof Error ? error.message : String(error);
  if (/\b401\b|\b403\b/.test(reason)) {
    return new ApiError(
      "CONFIGURATION_ERROR",
      `The store ${url} refuses the access token (${TOKEN_VARIABLE} or store.token_file)`,
      { field: "store.token_file", variable: TOKEN_VARIABLE, reason },
    );
  }
  return new ApiError("DATABASE_CONNECTION_ERROR", `The store ${url} cannot be opened: ${reason}`, {
    field: "store.url",
    url,
    reason,
  });
}
