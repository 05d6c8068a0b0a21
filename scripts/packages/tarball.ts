/** A package as npm takes it: one file, the same for the same contents. */
import { dirname, join } from "node:path";
import { create } from "tar";

/** Writes the text as `name` below the folder, and the folders between them. */
export async function write(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text);
}

/** Runs `assemble` with an empty folder for the package, and packs it as `output/NAME-VERSION.tgz`. Returns that path. */
export async function packed(
  { name, version, output }: { name: string; version: string; output: string },
  assemble: (folder: string) => Promise<void>,
): Promise<string> {
  const temporary = await Deno.makeTempDir({ prefix: "opencode-agents-pack-" });
  try {
    // npm expects everything below this folder.
    const folder = join(temporary, "package");
    await Deno.mkdir(folder);
    await assemble(folder);
    await Deno.mkdir(output, { recursive: true });
    const file = join(output, `${name}-${version}.tgz`);
    const entries = (await filesIn(temporary, "package")).sort();
    // Without owners and times, in one order, so that the same sources produce the same bytes.
    await create({ gzip: true, file, cwd: temporary, portable: true, mtime: new Date(0) }, entries);
    return file;
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

async function filesIn(root: string, folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(root, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...await filesIn(root, path));
    else files.push(path);
  }
  return files;
}
