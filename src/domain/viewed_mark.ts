/** A mark of a file that a person has viewed: short, whatever the file's name, and another one once the file has changed. */
import type { ViewedFile } from "./review_comment.ts";

const BYTES = 12;
const encoder = new TextEncoder();

/** 16 characters. */
export async function viewedMark({ path, blob }: ViewedFile): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", encoder.encode(`${blob} ${path}`));
  return new Uint8Array(digest, 0, BYTES).toBase64();
}
