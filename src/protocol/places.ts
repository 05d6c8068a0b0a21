/**
 * How the paths are read that people write in the configuration, in flags and in tasks. The only rules, and pure:
 *
 * - `~` and `~/x` are the home folder of the account that reads them; another account's (`~name`) is refused.
 * - A relative path starts from the configuration file's folder, in a flag or variable from the current folder, in a task
 *   from the same folder as in the configuration.
 * - A program that is a bare name is looked up on PATH; one with a slash is a path like any other.
 */
import platform, { type PlatformPath } from "node:path";

/** A path, or why it is refused. */
export type Place = { path: string } | { refused: string };

/** The account's home folder; undefined if it has none. */
export type Home = () => string | undefined;

/** The path with `~` replaced. */
export function expanded(written: string, home: Home, { sep, join }: PlatformPath = platform): Place {
  if (!written.startsWith("~")) return { path: written };
  const [first, ...rest] = written.split(sep === "\\" ? /[\\/]/ : "/");
  if (first !== "~") {
    return {
      refused: `'${written}': ~ alone stands for the home folder; write another account's in full, ` +
        `or ./${written} for a name that begins with ~`,
    };
  }
  const folder = home();
  if (folder === undefined) {
    return { refused: `'${written}': this account has no home folder; write the path in full` };
  }
  return { path: join(folder, ...rest) };
}

/** The absolute path. `base`: where a relative one starts. */
export function placeOf(
  written: string,
  base: string,
  home: Home,
  path: PlatformPath = platform,
): Place {
  const place = expanded(written, home, path);
  return "path" in place ? { path: path.resolve(base, place.path) } : place;
}

/** The program as it is started: a bare name as it is, for PATH; else an absolute path. */
export function programOf(
  written: string,
  base: string,
  home: Home,
  path: PlatformPath = platform,
): Place {
  const isPath = written.startsWith("~") || (path.sep === "\\" ? /[\\/]/ : /\//).test(written);
  return isPath ? placeOf(written, base, home, path) : { path: written };
}
