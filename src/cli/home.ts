/** The home folder of the account that runs the program. */
import { userInfo } from "node:os";
import { isAbsolute, posix, win32 } from "node:path";

export type Env = (name: string) => string | undefined;

/** The variable's value; an empty one counts as unset. */
export function envValue(name: string, env: Env = (name) => Deno.env.get(name)): string | undefined {
  return env(name) || undefined;
}

/** `HOME` (`USERPROFILE` on Windows), else what the system knows of the account; undefined if it has none. */
export function homeFolder(
  env?: Env,
  os: typeof Deno.build.os = Deno.build.os,
  account: () => string | undefined = accountsHome,
): string | undefined {
  const named = envValue(os === "windows" ? "USERPROFILE" : "HOME", env);
  if (named !== undefined && isAbsoluteOn(os, named)) return named;
  return account();
}

/** Whether the path is absolute on this platform. */
export function isAbsoluteOn(os: typeof Deno.build.os, path: string): boolean {
  return (os === "windows" ? win32 : posix).isAbsolute(path);
}

function accountsHome(): string | undefined {
  try {
    const { homedir } = userInfo();
    return homedir !== null && isAbsolute(homedir) ? homedir : undefined;
  } catch {
    // No entry for this user id, as in many containers, or no permission to ask.
    return undefined;
  }
}
