/** Sends a file to the server (`POST /attachments`), for a task's `execution.attachments`. */
import type { Attachment } from "../domain/attachment.ts";
import { type Clock, systemClock } from "../clock/clock.ts";
import { attachmentAddress } from "./addresses.ts";
import { bearer } from "./bearer.ts";
import { type Network, platformNetwork } from "./network.ts";
import { errorIn, lost, parseMessage } from "./replies.ts";

/** Enough for the largest file over a slow line. */
const DEFAULT_ATTACH_TIMEOUT_MS = 600_000;

export interface AttachOptions {
  /** Its name; default: that of a `File`. */
  name?: string;
  /** Default: the type of the `Blob`. Without one, the server tells it by the content and the name. */
  mime_type?: string;
  signal?: AbortSignal;
  /** The longest wait for the reply; default 10 minutes. */
  timeout_ms?: number;
}

interface Sender {
  url: string;
  api_key: string | undefined;
  clock?: Clock;
  network?: Network;
}

/** Rejects with the server's `ApiError`, with `CONNECTION_LOST` if no reply came, or with the signal's reason. */
export async function attachFile(
  { url, api_key, clock = systemClock, network = platformNetwork }: Sender,
  file: Blob,
  { name = nameOf(file), mime_type = file.type, signal, timeout_ms = DEFAULT_ATTACH_TIMEOUT_MS }:
    AttachOptions,
): Promise<Attachment> {
  signal?.throwIfAborted();
  const address = attachmentAddress(url);
  const bound = new AbortController();
  const abort = () => bound.abort();
  const timer = clock.after(timeout_ms, abort);
  signal?.addEventListener("abort", abort, { once: true });
  let text: string;
  try {
    const headers = attachmentHeaders(name, mime_type, api_key);
    const response = await network.fetch(address, {
      method: "POST",
      body: file,
      headers,
      signal: bound.signal,
    });
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    const reason = bound.signal.aborted ? `no reply within ${timeout_ms} ms` : (error as Error).message;
    throw lost(`The file could not be sent to ${address}`, { url: address, reason });
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", abort);
  }
  return attachmentIn(text, address);
}

/** The headers of an upload. `mime_type`: empty if unknown. */
export function attachmentHeaders(
  name: string,
  mime_type: string,
  api_key: string | undefined,
): Record<string, string> {
  return {
    "content-type": mime_type === "" ? "application/octet-stream" : mime_type,
    "x-filename": encodeURIComponent(name.toWellFormed()),
    ...bearer(api_key),
  };
}

/** The reply to an upload. Throws the error that it is. */
export function attachmentIn(text: string, url: string): Attachment {
  const message = parseMessage(text);
  const error = message && errorIn(message);
  if (error) throw error;
  try {
    const attachment = JSON.parse(text);
    if (typeof attachment?.id === "string") return attachment;
  } catch {
    // Not JSON: reported below.
  }
  throw lost(`${url} is not an opencode-agents server`, { url });
}

function nameOf(file: Blob): string {
  return "name" in file && typeof file.name === "string" ? file.name : "";
}
