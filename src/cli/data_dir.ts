/** Where data lives when nobody says otherwise. */
import { join } from "node:path";

/** `OPENCODE_AGENTS_DATA`, else the platform's place for programs' data. */
export function dataDir(): string {
  const named = Deno.env.get("OPENCODE_AGENTS_DATA");
  if (named) return named;
  return join(platformDir(), "opencode-agents");
}

function platformDir(): string {
  const home = Deno.env.get("HOME") ?? Deno.cwd();
  switch (Deno.build.os) {
    case "darwin":
      return join(home, "Library", "Application Support");
    case "windows":
      return Deno.env.get("LOCALAPPDATA") ?? join(Deno.env.get("USERPROFILE") ?? home, "AppData", "Local");
    default:
      return Deno.env.get("XDG_DATA_HOME") || join(home, ".local", "share");
  }
}
