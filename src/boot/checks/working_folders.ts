/** Whether tasks can work in the folders that are configured. A task elsewhere is refused, so this is said early. */
import { systemClock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { allowedWorkingDirs } from "../../engine/working_dir.ts";
import { FolderLooks } from "../../host/folder_looks.ts";
import type { Config } from "../../protocol/config.ts";
import type { Finding } from "./finding.ts";

/**
 * A warning for each folder that is missing or is no folder, and for a default folder outside the allowed ones. The
 * configuration's paths are absolute.
 */
export async function checkWorkingFolders(
  { working_dir, allowed_dirs }: Config["tasks"],
): Promise<Finding[]> {
  const named = [
    ...allowed_dirs.map((dir, i) => [`tasks.allowed_dirs[${i}]`, dir] as const),
    ["tasks.working_dir", working_dir] as const,
  ];
  const findings: Finding[] = [];
  for (const [what, folder] of named) {
    const problem = await problemOf(folder);
    if (problem === undefined) continue;
    findings.push(
      warning(what, folder, problem, "Tasks cannot work there. Make the folder, or name another one."),
    );
  }
  if (findings.length === 0 && !await isAllowed(working_dir, allowed_dirs)) {
    findings.push(warning(
      "tasks.working_dir",
      working_dir,
      "is outside tasks.allowed_dirs",
      "Tasks that name no folder will fail. Add it to tasks.allowed_dirs, or name another one.",
    ));
  }
  return findings;
}

function warning(what: string, folder: string, problem: string, advice: string): Finding {
  return { what, state: "warn", found: `${folder} ${problem}`, advice, details: { folder } };
}

/** Whether a task may work in this folder, which exists, by the same rule that a task meets. */
async function isAllowed(folder: string, allowed_dirs: readonly string[]): Promise<boolean> {
  try {
    await allowedWorkingDirs(new FolderLooks(systemClock), "/", folder, allowed_dirs).resolve(undefined);
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

/** Why nobody can work in this folder; undefined if it is one. */
export async function problemOf(folder: string): Promise<string | undefined> {
  try {
    return (await Deno.stat(folder)).isDirectory ? undefined : "is no folder";
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? "does not exist"
      : `cannot be used: ${(error as Error).message}`;
  }
}
