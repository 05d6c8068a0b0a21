/** The data folder, if no flag names one. */
import { posix, win32 } from "node:path";
import { ApiError } from "../domain/errors.ts";
import { expanded, type Home } from "../protocol/places.ts";
import { type Env, envValue, homeFolder, isAbsoluteOn } from "./home.ts";

const NAME = "opencode-agents";
const VARIABLE = "OPENCODE_AGENTS_DATA";

/**
 * `OPENCODE_AGENTS_DATA`, else the platform's folder for application data of a user. Throws `CONFIGURATION_ERROR` if
 * there is none.
 */
export function dataDir(
  env?: Env,
  os: typeof Deno.build.os = Deno.build.os,
  home: Home = () => homeFolder(env, os),
): string {
  const chosen = envValue(VARIABLE, env);
  if (chosen !== undefined) return fromVariable(chosen, home);
  const { join } = os === "windows" ? win32 : posix;
  const base = userData(os, env);
  if (base !== undefined) return join(base, NAME);
  const folder = home();
  if (folder === undefined) {
    throw new ApiError(
      "CONFIGURATION_ERROR",
      `There is no folder for the data: HOME names no folder by its full path, and this account has no home folder. Name one with --data DIR or ${VARIABLE}`,
      { field: "data", expected: `--data, ${VARIABLE} or HOME` },
    );
  }
  if (os === "windows") return join(folder, "AppData", "Local", NAME);
  if (os === "darwin") return join(folder, "Library", "Application Support", NAME);
  return join(folder, ".local", "share", NAME);
}

/** The folder that the platform's own variable names. A relative `XDG_DATA_HOME` is ignored, as its specification says. */
function userData(os: typeof Deno.build.os, env: Env | undefined): string | undefined {
  if (os === "darwin") return undefined;
  const named = envValue(os === "windows" ? "LOCALAPPDATA" : "XDG_DATA_HOME", env);
  return named !== undefined && isAbsoluteOn(os, named) ? named : undefined;
}

function fromVariable(chosen: string, home: Home): string {
  const place = expanded(chosen, home);
  if ("path" in place) return place.path;
  throw new ApiError("CONFIGURATION_ERROR", `${VARIABLE}: ${place.refused}`, {
    field: VARIABLE,
    value: chosen,
  });
}
