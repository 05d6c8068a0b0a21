/** A POST of the notice as JSON, signed like the webhooks of GitHub. */
import type { Carrier } from "../carrier.ts";
import { post } from "../post.ts";

export const webhook: Carrier<"webhook"> = async ({ url, headers = {} }, parcel, secret, context) => {
  const signature = secret === undefined ? undefined : await signed(parcel.body, secret);
  return await post(
    url,
    {
      "user-agent": "opencode-agents",
      ...lowered(headers),
      "content-type": "application/json",
      "x-opencode-agents-event": parcel.event,
      "x-opencode-agents-delivery": parcel.id,
      ...(signature === undefined ? {} : { "x-opencode-agents-signature": signature }),
    },
    parcel.body,
    context,
  );
};

/** Names of headers have no case: two spellings would be sent as one header with two values. */
function lowered(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** `sha256=HEX`: the HMAC-SHA256 of the body's bytes under the secret. */
export async function signed(body: string, secret: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(body)));
  return `sha256=${[...mac].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
