/** A message to a topic of an ntfy server, with a link that opens the dashboard. */
import type { Carrier } from "../carrier.ts";
import { post } from "../post.ts";

export const ntfy: Carrier<"ntfy"> = async ({ url, topic, headers = {} }, parcel, secret, context) =>
  await post(
    `${url.replace(/\/+$/, "")}/${topic}`,
    {
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      ...headers,
      title: headerText(parcel.title),
      click: parcel.url,
      priority: parcel.isUrgent ? "high" : "default",
      "x-opencode-agents-event": parcel.event,
      "x-opencode-agents-delivery": parcel.id,
    },
    parcel.text,
    context,
  );

/** Headers are ASCII. ntfy decodes RFC 2047. */
function headerText(text: string): string {
  const line = text.replace(/\s+/g, " ");
  if (/^[\x20-\x7e]*$/.test(line)) return line;
  return `=?UTF-8?B?${btoa(String.fromCharCode(...new TextEncoder().encode(line)))}?=`;
}
