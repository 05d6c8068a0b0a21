/**
 * Packs what is loose in a repository before an agent may write among its objects. In a sandbox it could delete loose ones, and so
 * work of the user's that is nowhere else, but no pack. Nothing is deleted here.
 */
import { join } from "node:path";
import type { Git } from "./git.ts";

const PACK_MS = 600_000;
const FOLDER = /^[0-9a-f]{2}$/;
const REST = /^[0-9a-f]{38}([0-9a-f]{24})?$/;

/** Throws what git says of objects that it does not read. */
export async function packLoose(git: Git, common_dir: string, signal?: AbortSignal): Promise<void> {
  const objects = join(common_dir, "objects");
  const ids: string[] = [];
  for await (const folder of Deno.readDir(objects)) {
    if (!FOLDER.test(folder.name)) continue;
    for await (const { name } of Deno.readDir(join(objects, folder.name))) {
      if (REST.test(name)) ids.push(`${folder.name}${name}\n`);
    }
  }
  if (ids.length === 0) return;
  // Those that are in a pack already are left out. Without a look for similar ones it takes no longer than a copy.
  const asked = [
    "pack-objects",
    "--quiet",
    "--incremental",
    "--non-empty",
    "--window=0",
    join(objects, "pack", "pack"),
  ];
  await git.run({ git_dir: common_dir }, asked, { stdin: ids.join(""), bound_ms: PACK_MS, signal });
}
