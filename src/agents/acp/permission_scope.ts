/** Which places of a tool call are outside the folders that `permissions: "allow"` covers, links and `..` resolved. */
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { globParts, type ResolvedGlobs } from "../../domain/path_globs.ts";
import { isInside } from "../../domain/path_inside.ts";
import type { PermissionRule } from "../../domain/permission_rule.ts";
import type { RuledCall } from "../../domain/rule_decision.ts";
import { placesOf } from "./permission_places.ts";

/** The most places that are resolved. A call that names more is outside. */
const MOST_PLACES = 1000;
/** The most that a person is shown. */
const MOST_SHOWN = 10;

export interface ScopeFolders {
  /** Where the task works. */
  working_dir: string;
  /** The TMPDIR of the run. */
  tmp_dir: string;
}

/** Resolves a path as far as it exists. The rest is as it is written. */
export type RealPath = (path: string) => Promise<string>;

/** The places outside the folders, as the call names them; empty for none. */
export async function placesOutside(
  call: Record<string, unknown>,
  { working_dir, tmp_dir }: ScopeFolders,
  real: RealPath = realPathOf,
): Promise<string[]> {
  const named = placesOf(call, { PWD: working_dir, TMPDIR: tmp_dir });
  const { folder = working_dir, isTooMuch } = named;
  const paths = [...named.paths, ...named.mentions];
  if (isTooMuch || paths.length > MOST_PLACES) return ["more places than can be looked at"];
  const roots = await Promise.all([working_dir, tmp_dir].map(real));
  const base = resolve(working_dir, folder);
  if (await isOutside(base)) return [folder];
  const outside: string[] = [];
  for (const path of paths) {
    if (await isOutside(path)) outside.push(path);
    if (outside.length === MOST_SHOWN) break;
  }
  return outside;

  async function isOutside(path: string): Promise<boolean> {
    if (path.includes("\0") || path.startsWith("~")) return true;
    // Not normalized before: what `..` leads to depends on the links before it.
    const place = await real(isAbsolute(path) ? path : `${base}/${path}`);
    return !roots.some((root) => isInside(root, place));
  }
}

/** The places of a call with links and `..` resolved, as rules look at them. `home`: what `~` stands for. */
export async function resolvedPlaces(
  call: Record<string, unknown>,
  { working_dir, tmp_dir }: ScopeFolders,
  home: string | undefined,
  real: RealPath = realPathOf,
): Promise<Pick<RuledCall, "paths" | "mentions" | "isTooMuch">> {
  const named = placesOf(call, { PWD: working_dir, TMPDIR: tmp_dir });
  const base = resolve(working_dir, named.folder ?? working_dir);
  const all = async (paths: readonly string[]) => await Promise.all(paths.slice(0, MOST_PLACES).map(place));
  const isTooMuch = named.isTooMuch || named.paths.length + named.mentions.length > MOST_PLACES;
  return { paths: await all(named.paths), mentions: await all(named.mentions), isTooMuch };

  async function place(path: string): Promise<string> {
    // Somebody else's home, or an unknown one, is no place here.
    if (path.startsWith("~")) {
      return home !== undefined && /^~(\/|$)/.test(path)
        ? await real(`${home}/${path.slice(1)}`)
        : `/${path.split("\0")[0]}`;
    }
    return await real(isAbsolute(path) ? path : `${base}/${path}`);
  }
}

/** The globs of rules, the leading folders of absolute ones resolved. */
export async function resolvedGlobs(
  rules: readonly PermissionRule[],
  home: string | undefined,
  real: RealPath = realPathOf,
): Promise<ResolvedGlobs> {
  const globs = [...new Set(rules.flatMap(({ path }) => path ?? []))];
  return new Map(
    await Promise.all(globs.map(async (glob) => {
      const { base, rest } = globParts(glob, home);
      return [glob, { base: base === "" ? base : await real(base), rest }] as const;
    })),
  );
}

/** More links than a path may lead through. */
const MOST_LINKS = 40;

/** Follows links part by part, also those whose target does not exist yet. */
async function realPathOf(path: string): Promise<string> {
  let links = 0;
  return await follow(path);

  async function follow(path: string): Promise<string> {
    let place = "/";
    for (const part of path.split("/")) {
      if (part === "" || part === ".") continue;
      if (part === "..") {
        place = dirname(place);
        continue;
      }
      const next = join(place, part);
      const target = await linkAt(next);
      if (target === undefined) place = next;
      else if (++links > MOST_LINKS) return join("/", basename(path));
      else place = await follow(isAbsolute(target) ? target : `${place}/${target}`);
    }
    return place;
  }
}

/** The target of a link; undefined if there is no link. */
async function linkAt(path: string): Promise<string | undefined> {
  try {
    return await Deno.readLink(path);
  } catch {
    return undefined;
  }
}
