/** A POST of the notice as JSON, signed like the webhooks of GitHub. */
import { hexOf } from "../../domain/bytes.ts";
import { hmacKey } from "../../domain/hmac.ts";
import type { Carrier } from "../carrier.ts";
import { post } from "../post.ts";

export const webhook: Carrier<"webhook"> = async (target, { id, event, body }, secret, context) => {
  const headers = new Headers({ "User-Agent": "opencode-agents", ...target.headers });
  headers.set("Content-Type", "application/json");
  headers.set("X-OpenCode-Agents-Event", event);
  headers.set("X-OpenCode-Agents-Delivery", id);
  if (secret !== undefined) headers.set("X-OpenCode-Agents-Signature", await signatureOf(body, secret));
  return await post(target.url, headers, body, context);
};

/** `sha256=HEX`: the HMAC-SHA256 of the body's bytes under the secret. */
async function signatureOf(body: string, secret: string): Promise<string> {
  const key = await hmacKey(secret, "sign");
  return `sha256=${
    hexOf(new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(body))))
  }`;
}
