/** SHA-256 of a file that may be larger than memory should hold. */
import { createHash } from "node:crypto";

export async function checksumOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  for await (const part of file.readable) hash.update(part);
  return hash.digest("hex");
}
