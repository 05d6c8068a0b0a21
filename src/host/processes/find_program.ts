/** Finds the file that runs under a program's name. */
import { delimiter, isAbsolute, join } from "node:path";

/**
 * The path of program `name`: `name` itself if it is a path, else the first executable in the folders of `search`, this
 * process's PATH by default; undefined for none.
 */
export async function findProgram(
  name: string,
  search = Deno.env.get("PATH") ?? "",
): Promise<string | undefined> {
  if (/[/\\]/.test(name)) return await isExecutable(name) ? name : undefined;
  const windows = Deno.build.os === "windows";
  const endings = windows ? ["", ...(Deno.env.get("PATHEXT") ?? ".EXE;.CMD;.BAT").split(";")] : [""];
  for (const folder of search.split(delimiter).filter(isAbsolute)) {
    for (const ending of endings) {
      const path = join(folder, name + ending);
      if (await isExecutable(path)) return path;
    }
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    // The file is missing or not visible to us. Either way it cannot be run.
    return false;
  }
}
