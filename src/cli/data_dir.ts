/** The default data folder. */
import { join } from "node:path";

type Env = (name: string) => string | undefined;

const NAME = "opencode-agents";

/** `OPENCODE_AGENTS_DATA`, else the platform's folder for application data of a user. */
export function dataDir(
  env: Env = (name) => Deno.env.get(name),
  os: typeof Deno.build.os = Deno.build.os,
): string {
  const chosen = env("OPENCODE_AGENTS_DATA");
  if (chosen) return chosen;
  const home = env("HOME") ?? env("USERPROFILE") ?? ".";
  if (os === "windows") return join(env("LOCALAPPDATA") ?? join(home, "AppData", "Local"), NAME);
  if (os === "darwin") return join(home, "Library", "Application Support", NAME);
  return join(env("XDG_DATA_HOME") || join(home, ".local", "share"), NAME);
}
