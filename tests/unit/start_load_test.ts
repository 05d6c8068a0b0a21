/** What each start of the built program loads, which every server keeps in memory for as long as it runs. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { entryText, needs, type Texts } from "../../scripts/entry_files.ts";
import { buildProgram } from "../../scripts/program_bundle.ts";

/** The modules that `serve` imports later, but at each start. */
const LOADED = ["src/boot/serve.ts", "src/boot/compose.ts"];
/** The packages that a start needs. Others come with their first use: see `src/boot/lazy_mcp.ts`. */
const PACKAGES = ["@logtape/logtape", "croner", "diff", "fastest-levenshtein", "hono", "zod"];
/** Bytes. Raise it only for what every server needs. */
const ROOM = 1_300_000;

interface Program {
  texts: Texts;
  /** The modules that a file is made of. */
  modulesOf(file: string): string[];
}

async function builtProgram(): Promise<Program> {
  const folder = await buildProgram();
  const texts = new Map<string, string>();
  const modules = new Map<string, string[]>();
  for (const { name } of [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".js"))) {
    const text = await Deno.readTextFile(join(folder, name));
    texts.set(name, text);
    const map = mapOf(text);
    if (map) modules.set(name, JSON.parse(await Deno.readTextFile(join(folder, map))).sources);
  }
  return { texts, modulesOf: (file) => modules.get(file) ?? [] };
}

const mapOf = (text: string) => /^\/\/# sourceMappingURL=(\S+)$/m.exec(text)?.[1];

/** The files through which a start loads these modules, in the order of `LOADED`. */
function entriesOf({ texts, modulesOf }: Program): string[] {
  return LOADED.map((module) => {
    const own = [...texts.keys()].find((file) => modulesOf(file).some((source) => source.endsWith(module)));
    assert.ok(
      own !== undefined && own.endsWith(".own.js"),
      `${module} is imported at once: a start loads more than it needs`,
    );
    return own.replace(".own", "");
  });
}

Deno.test("start: it loads the packages that every server needs, and stays within its room", async () => {
  const program = await builtProgram();
  const files = new Set(
    entriesOf(program).flatMap((entry) => [
      ...[entry, entry.replace(/\.js$/, ".own.js")],
      ...needs(entry, program.texts).map((specifier) => specifier.replace("./", "")),
    ]),
  );
  const own = [...files].filter((file) => program.texts.has(file));

  const packages = own.flatMap(program.modulesOf).map((source) =>
    /^npm:((?:@[^/]+\/)?[^/@]+)/.exec(source)?.[1]
  );
  const found = [...new Set(packages)].filter((name) => name !== undefined).sort();
  assert.deepEqual(found, PACKAGES);

  const size = own.reduce((sum, file) => sum + program.texts.get(file)!.length, 0);
  assert.ok(size < ROOM, `a start loads ${size} bytes`);
  assert.ok(size > ROOM / 2, `only ${size} bytes were found: the imports were not followed`);
});

Deno.test("start: no source map is read, and no file takes two bytes for a character", async () => {
  const program = await builtProgram();
  for (const entry of entriesOf(program)) {
    const text = program.texts.get(entry)!;
    assert.equal(mapOf(text), undefined, "the file that imports the others has a map");
    const imported = [...text.matchAll(/import"([^"]+)"/g)].map(([, specifier]) => specifier);
    const own = entry.replace(/\.js$/, ".own.js");
    assert.deepEqual(imported, needs(own, program.texts), "another file is the first to import something");
  }
  for (const [file, text] of program.texts) {
    assert.equal([...text].find((character) => character > "\u00ff"), undefined, file);
  }
});

Deno.test("start: what a file needs is imported before it, in order, and all that it exports is passed on", () => {
  const texts = new Map([
    ["page.js", 'import{a}from"./a.js";import"node:path";import{c}from"./c.js";export{c as default,a};\n'],
    [
      "a.js",
      'import{c}from"./c.js";var t="import \\"./gone.js\\"; export default 1;";export{t as a};\n//# x',
    ],
    ["c.js", 'import"node:url";import"npm:gone";export default f();\n//# sourceMappingURL=c.js.map\n'],
  ]);
  const before = 'import"node:url";import"./c.js";import"./a.js";import"node:path";';
  assert.equal(
    entryText("page.js", "page.own.js", texts),
    `${before}export*from"./page.own.js";export{default}from"./page.own.js";\n`,
  );
  assert.equal(
    entryText("a.js", "a.own.js", texts),
    'import"node:url";import"./c.js";export*from"./a.own.js";\n',
  );
  assert.match(entryText("c.js", "c.own.js", texts), /export\{default\}/);
});
