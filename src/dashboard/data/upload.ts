/** Sends files to the server. Unlike `fetch`, an XMLHttpRequest tells how much has been sent. */
import { attachmentAddress } from "../../client/addresses.ts";
import { attachmentHeaders, attachmentIn } from "../../client/attach.ts";
import { lost } from "../../client/replies.ts";
import type { Attachment } from "../../domain/attachment.ts";
import { currentKey } from "./key.ts";

/** `sent`: called with the share that has been sent, 0 to 1. Rejects with `ApiError`, or the signal's reason. */
export function upload(file: File, sent: (share: number) => void, signal: AbortSignal): Promise<Attachment> {
  const url = attachmentAddress(new URL(".", document.baseURI).href);
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.open("POST", url);
    const headers = attachmentHeaders(file.name, file.type, currentKey());
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => sent(total === 0 ? 0 : loaded / total);
    request.onload = () => {
      try {
        resolve(attachmentIn(request.responseText, url));
      } catch (error) {
        reject(error);
      }
    };
    request.onerror = () => reject(lost("The connection was lost", { url }));
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}
