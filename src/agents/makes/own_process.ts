/** Recognizes the processes of a make by the usual signs. */
import type { Launched } from "../../host/processes/launched.ts";

export interface OwnSigns {
  /** Names of programs and scripts, without extension. */
  names: readonly string[];
  /** Matches the ends of script paths that identify the package, whatever the script's name. */
  scripts: RegExp;
}

/** Whether a process runs a program or script with one of these signs. */
export function bears({ role, name, path }: Launched, { names, scripts }: OwnSigns): boolean {
  if (role !== "program" && role !== "script" && role !== "shell_script") return false;
  return names.includes(name) || scripts.test(path);
}
