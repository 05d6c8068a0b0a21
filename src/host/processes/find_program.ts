/** Which file a program's name stands for. */
import { delimiter, isAbsolute, join } from "node:path";

/** Its path: the name's own when it is one, else the first on PATH that may be executed. */
export async function findProgram(name: string): Promise<string | undefined> {
  if (/[/\\]/.test(name)) return await isExecutable(name) ? name : undefined;
  const windows = Deno.build.os === "windows";
  const endings = windows ? ["", ...(Deno.env.get("PATHEXT") ?? ".EXE;.CMD;.BAT").split(";")] : [""];
  for (const folder of (Deno.env.get("PATH") ?? "").split(delimiter).filter(isAbsolute)) {
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
    // Not there, or not ours to see, which is the same for a program to be run.
    return false;
  }
}
