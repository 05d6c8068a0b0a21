/**
 * Deno reads and keeps the source map of each file that is the first to import another one: some 6 MB, decoded, for
 * those of a start. So what a file of the bundle needs is imported by a small file before it, which has no map.
 */
import { join } from "node:path";

/** An import or an export of another file, in the form that the bundler writes. Group 1: its specifier. */
const STATIC = /(?:\bfrom|\bimport) ?"((?:\.\/|node:)[^"]+)"/g;
const DYNAMIC = /\bimport\("\.\/([^"]+)"\)/g;
/** At the end of a file, and not in a text in it: an export that `export *` leaves out. */
const DEFAULT = /\bexport ?(?:default [^;]+|\{[^{};]*\bas default\b[^{};]*\});\s*(?:\/\/#.*\s*)?$/;

/** The files of a bundle with their texts, by name. */
export type Texts = ReadonlyMap<string, string>;

/** The files that others import as they need them. */
export function entries(texts: Texts): string[] {
  const found = [...texts.values()].flatMap((text) => [...text.matchAll(DYNAMIC)].map(([, name]) => name!));
  return [...new Set(found)].filter((name) => texts.has(name)).sort();
}

/** The modules that this file needs, as specifiers, in the order in which they run; Node's among them. */
export function needs(name: string, texts: Texts): string[] {
  const seen = new Set([`./${name}`]);
  const inOrder: string[] = [];
  const visit = (text: string): void => {
    for (const [, specifier] of text.matchAll(STATIC)) {
      const own = texts.get(specifier!.slice("./".length));
      if (seen.has(specifier!) || own === undefined && !specifier!.startsWith("node:")) continue;
      seen.add(specifier!);
      if (own !== undefined) visit(own);
      inOrder.push(specifier!);
    }
  };
  visit(texts.get(name)!);
  return inOrder;
}

/** A file that imports what `name` needs, and then the file `own`, which has the text of `name`. */
export function entryText(name: string, own: string, texts: Texts): string {
  const before = needs(name, texts).map((specifier) => `import"${specifier}";`).join("");
  const byDefault = DEFAULT.test(texts.get(name)!) ? `export{default}from"./${own}";` : "";
  return `${before}export*from"./${own}";${byDefault}\n`;
}

/** Puts a file before each one that is imported later. */
export async function writeEntries(folder: string): Promise<void> {
  const texts = new Map<string, string>();
  for (const { name } of [...Deno.readDirSync(folder)]) {
    if (name.endsWith(".js")) texts.set(name, await Deno.readTextFile(join(folder, name)));
  }
  for (const name of entries(texts)) {
    const own = name.replace(/\.js$/, ".own.js");
    await Deno.writeTextFile(join(folder, own), texts.get(name)!);
    await Deno.writeTextFile(join(folder, name), entryText(name, own, texts));
  }
}
