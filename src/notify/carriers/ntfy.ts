/** A message to a topic of an ntfy server, with a link that opens the dashboard. */
import type { Carrier } from "../carrier.ts";
import { cutToBytes, utf8Length } from "../../domain/scalars.ts";
import { post } from "../post.ts";

/** ntfy makes a file of a longer text, or refuses it. */
const TEXT_BYTES_MAX = 4096;

export const ntfy: Carrier<"ntfy"> = async (
  target,
  { id, event, title, text, url, isUrgent },
  secret,
  context,
) => {
  const headers = new Headers(target.headers);
  if (secret !== undefined) headers.set("Authorization", `Bearer ${secret}`);
  headers.set("Title", headerText(title));
  headers.set("Click", url);
  headers.set("Priority", isUrgent ? "high" : "default");
  // Other texts hold what agents and others wrote, as it is.
  if (event === "report") headers.set("Markdown", "yes");
  headers.set("X-OpenCode-Agents-Event", event);
  headers.set("X-OpenCode-Agents-Delivery", id);
  return await post(`${target.url.replace(/\/+$/, "")}/${target.topic}`, headers, bodyText(text), context);
};

function bodyText(text: string): string {
  return utf8Length(text) <= TEXT_BYTES_MAX ? text : `${cutToBytes(text, TEXT_BYTES_MAX - 3)}…`;
}

/** Headers are ASCII. ntfy decodes RFC 2047. */
function headerText(text: string): string {
  const line = text.replace(/\s+/g, " ");
  if (/^[\x20-\x7e]*$/.test(line)) return line;
  return `=?UTF-8?B?${btoa(String.fromCharCode(...new TextEncoder().encode(line)))}?=`;
}
