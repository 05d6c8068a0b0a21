/** Whether the folders exist that tasks may work in. A task in one that does not is refused, so this is said early. */
import type { Config } from "../../protocol/config.ts";
import type { Finding } from "./finding.ts";

/** A warning for each folder that is missing or is no folder. The configuration's paths are absolute. */
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
    findings.push({
      what,
      state: "warn",
      found: `${folder} ${problem}`,
      advice: "Tasks cannot work there. Make the folder, or name another one.",
      details: { folder },
    });
  }
  return findings;
}

async function problemOf(folder: string): Promise<string | undefined> {
  try {
    return (await Deno.stat(folder)).isDirectory ? undefined : "is no folder";
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? "does not exist"
      : `cannot be used: ${(error as Error).message}`;
  }
}
