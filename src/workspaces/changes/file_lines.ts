/** Reads texts of files as they are in a commit or a tree. */
import type { PlainRepository } from "./plain_repository.ts";

/** Of a larger file no lines are read. */
const FILE_BYTES_MAX = 5 << 20;
/** What is read at once. */
const BATCH_BYTES_MAX = 32 << 20;
const NAMES_AT_ONCE = 500;

const LINE_FEED = 10;
const NUL = 0;

/** A file; without `text` if it is binary, too large, or no file but a link or a submodule. */
export interface FoundFile {
  text?: string;
}

/** The files among `paths` that the tree has. What is not UTF-8 is replaced. */
export async function textsOf(
  plain: PlainRepository,
  tree: string,
  paths: readonly string[],
): Promise<Map<string, FoundFile>> {
  const found = new Map<string, FoundFile>();
  const wanted: { path: string; blob: string; size: number }[] = [];
  const possible = paths.filter(isName);
  for (let at = 0; at < possible.length; at += NAMES_AT_ONCE) {
    const names = possible.slice(at, at + NAMES_AT_ONCE);
    for (const entry of await listed(plain, tree, names)) {
      if (entry.type === "tree") continue;
      found.set(entry.path, {});
      if (entry.mode.startsWith("100") && entry.size <= FILE_BYTES_MAX) wanted.push(entry);
    }
  }
  while (wanted.length > 0) {
    const batch = [wanted.shift()!];
    let size = batch[0]!.size;
    while (wanted.length > 0 && size + wanted[0]!.size <= BATCH_BYTES_MAX) {
      size += wanted[0]!.size;
      batch.push(wanted.shift()!);
    }
    const contents = await contentsOf(plain, batch.map(({ blob }) => blob));
    batch.forEach(({ path }, i) => {
      const content = contents[i];
      if (content && !content.includes(NUL)) found.set(path, { text: new TextDecoder().decode(content) });
    });
  }
  return found;
}

/** Whether a tree can have a file of this name. Asked for any other, git lists something else or fails. */
function isName(path: string): boolean {
  return !path.includes("\0") && path.split("/").every((part) => !["", ".", ".."].includes(part));
}

async function listed(plain: PlainRepository, tree: string, paths: readonly string[]) {
  const args = ["ls-tree", "-z", "-l", "--full-tree", tree, "--", ...paths];
  const { stdout } = await plain.run(args);
  return new TextDecoder().decode(stdout).split("\0").filter((entry) => entry !== "").map((entry) => {
    const tab = entry.indexOf("\t");
    const [mode = "", type = "", blob = "", size = "0"] = entry.slice(0, tab).split(/ +/);
    return { mode, type, blob, size: Number(size) || 0, path: entry.slice(tab + 1) };
  });
}

/** In the order of the blobs. */
async function contentsOf(plain: PlainRepository, blobs: readonly string[]) {
  const stdin = blobs.map((blob) => `${blob}\n`).join("");
  const { stdout } = await plain.run(["cat-file", "--batch"], { stdin });
  const contents: Uint8Array[] = [];
  for (let at = 0; at < stdout.length;) {
    const end = stdout.indexOf(LINE_FEED, at);
    const size = Number(new TextDecoder().decode(stdout.subarray(at, end)).split(" ")[2]);
    contents.push(stdout.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return contents;
}
