/** The npm packages of a deno.lock. Pure. */

export interface LockedPackage {
  name: string;
  version: string;
  /** As in package.json: `sha512-…`. */
  integrity: string;
  /** The ids of the packages that it needs. */
  dependencies: string[];
  /** The ids of packages that are needed only on some platforms. */
  optional: string[];
  /** The platforms that it is for, if not for all. */
  os?: string[];
  cpu?: string[];
}

/** By id: name and version, and the versions of its peers. */
export type LockedPackages = ReadonlyMap<string, LockedPackage>;

interface Entry {
  integrity: string;
  dependencies?: string[];
  optionalDependencies?: string[];
  os?: string[];
  cpu?: string[];
}

export interface DenoLock {
  specifiers: Record<string, string>;
  npm: Record<string, Entry>;
}

export function lockedPackages({ npm }: DenoLock): LockedPackages {
  const ids = Object.keys(npm);
  /** The lock leaves out the version where there is only one. */
  const idOf = (dependency: string): string => {
    const id = ids.find((id) => id === dependency || id.startsWith(`${dependency}_`)) ??
      ids.find((id) => id.startsWith(`${dependency}@`));
    if (id === undefined) throw new Error(`deno.lock has no ${dependency}`);
    return id;
  };
  return new Map(ids.map((id) => {
    const { integrity, dependencies = [], optionalDependencies = [], os, cpu } = npm[id]!;
    const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(id)!;
    return [id, {
      name: name!,
      version: version!,
      integrity,
      dependencies: dependencies.map(idOf),
      optional: optionalDependencies.map(idOf),
      ...(os && { os }),
      ...(cpu && { cpu }),
    }];
  }));
}

/** The id of the package that deno.json imports by this name. */
export function importedId({ specifiers }: DenoLock, name: string): string {
  const found = Object.entries(specifiers).find(([specifier]) => specifier.startsWith(`npm:${name}@`));
  if (!found) throw new Error(`deno.lock has no ${name}`);
  return `${name}@${found[1]}`;
}

/** The ids of these packages and of all that they need, sorted. */
export function closureOf(ids: Iterable<string>, packages: LockedPackages): string[] {
  const found = new Set<string>();
  const add = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    const { dependencies, optional } = packages.get(id)!;
    dependencies.forEach(add);
    optional.forEach(add);
  };
  for (const id of ids) add(id);
  return [...found].sort();
}
