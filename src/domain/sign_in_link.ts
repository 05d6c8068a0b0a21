/**
 * Links that sign a browser in to the dashboard as the owner. Each has a token, which is made from the owner's token: so whoever
 * can read the owner's files can make one without asking the server. A server takes each once.
 */
import { base64Url } from "./bytes.ts";
import { hmacKey } from "./hmac.ts";

/** How long a link may be used. */
export const LINK_MINUTES = 15;

const FORM = /^link_(\d{13,15})\.([\w-]{22})\.([\w-]{43})$/;
const NONCE_BYTES = 16;

/** What a token of a link says. */
export interface SignInToken {
  /** Tells it apart from all others. */
  nonce: string;
  made_ms: number;
  expires_ms: number;
}

/** Whether a text has the form of such a token. */
export function isSignInToken(text: string): boolean {
  return FORM.test(text);
}

/** The dashboard's address with a new token. `url`: the server's. `now_ms`: since the epoch. */
export async function signInLink(url: string, owner_token: string, now_ms: number): Promise<string> {
  const expires = String(Math.floor(now_ms) + LINK_MINUTES * 60_000);
  const nonce = base64Url(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  const mac = await crypto.subtle.sign("HMAC", await hmacKey(owner_token, "sign"), signed(expires, nonce));
  // What comes after the # stays in the browser.
  return `${url}/#sign-in=link_${expires}.${nonce}.${base64Url(new Uint8Array(mac))}`;
}

/** What the token says; undefined if it is not made from this owner's token. */
export async function readSignInToken(token: string, owner_token: string): Promise<SignInToken | undefined> {
  const [, expires = "", nonce = "", mac = ""] = FORM.exec(token) ?? [];
  const key = await hmacKey(owner_token, "verify");
  const bytes = Uint8Array.from(atob(mac.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  if (!await crypto.subtle.verify("HMAC", key, bytes, signed(expires, nonce))) return undefined;
  const expires_ms = Number(expires);
  return { nonce, made_ms: expires_ms - LINK_MINUTES * 60_000, expires_ms };
}

function signed(expires: string, nonce: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`sign-in ${expires} ${nonce}`);
}
