/** Which resolved files the globs of permission rules mean. Pure. */
import { dirname, isAbsolute, join, relative } from "node:path";
import { isInside } from "./path_inside.ts";
import type { MatchesPath } from "./rule_decision.ts";

/** What has a meaning of its own in a glob. */
const SPECIAL = /[*?[\]{}()!+@\\|]/;

/** A glob's leading folders, which have no special characters, and the rest. `base` is empty for a relative glob. */
export function globParts(glob: string, home: string | undefined): { base: string; rest: string } {
  const whole = home !== undefined && /^~(\/|$)/.test(glob) ? join(home, glob.slice(1)) : glob;
  if (!isAbsolute(whole)) return { base: "", rest: whole.replace(/^(\.\/)+/, "") };
  const parts = whole.split("/");
  const special = parts.findIndex((part) => SPECIAL.test(part));
  if (special < 0) return { base: whole, rest: "" };
  return { base: parts.slice(0, special).join("/") || "/", rest: parts.slice(special).join("/") };
}

/** Globs of which the absolute ones begin with a resolved folder. */
export type ResolvedGlobs = ReadonlyMap<string, { base: string; rest: string }>;

/**
 * A relative glob is looked for below `root`. A wide one without a slash is looked for in every folder, and means what is in a
 * folder that it matches too.
 *
 * @param globs each glob of the rules
 */
export async function pathMatcher(globs: ResolvedGlobs, root: string): Promise<MatchesPath> {
  // @ts-types="./picomatch_types.d.ts"
  const { default: picomatch } = await import("picomatch");
  const compiled = new Map<string, (path: string) => boolean>();
  const matcher = (patterns: string[]) => {
    const key = patterns.join("\0");
    const known = compiled.get(key) ?? picomatch(patterns, { dot: true });
    compiled.set(key, known);
    return known;
  };

  const isMeant = (path: string, base: string, rest: string, isWide: boolean): boolean => {
    const from = base === "" ? root : base;
    if (!isInside(from, path)) return false;
    const below = relative(from, path);
    if (rest === "") return below === "" || isWide;
    const isAnywhere = isWide && base === "" && !rest.includes("/");
    return matcher(isAnywhere ? [rest, `**/${rest}`] : [rest])(below === "" ? "." : below);
  };

  return (glob, path, isWide) => {
    const { base, rest } = globs.get(glob) ?? globParts(glob, undefined);
    for (let place = path;; place = dirname(place)) {
      if (isMeant(place, base, rest, isWide)) return true;
      if (!isWide || dirname(place) === place) return false;
    }
  };
}
