/** The client's sources run unchanged in browsers, Deno and Node: nothing of one platform, nothing to be compiled. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileNames, ROOT } from "./fixtures/sources.ts";

/** What it needs when it runs, besides itself. */
const RUNTIME = [
  "src/clock/clock.ts",
  "src/domain/errors.ts",
  "src/domain/task_values.ts",
  "src/protocol/channel_filter.ts",
  "src/protocol/pushed.ts",
];

const FOREIGN = /\b(?:Deno|process|Buffer|require|window|document|localStorage|__dirname)\s*[.(]/;
const COMPILED =
  /^\s*(?:export )?(?:const )?enum\s|^\s*(?:export )?namespace\s|constructor\([^)]*\b(?:readonly|private|public)\b/m;
const IMPORT = /^import\s+(type\s+)?([^"]*?)\s*from\s*"([^"]+)"/gm;

function code(text: string): string {
  return text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "").replace(/`[^`]*`|"[^"\n]*"(?!\s*;\s*$)/gm, '""');
}

/** Imports that stand when the types are gone. */
function runtimeImports(text: string): string[] {
  return [...text.matchAll(IMPORT)].filter(([, type]) => type === undefined).map(([, , , from]) => from!);
}

async function clientSources(): Promise<string[]> {
  return (await fileNames()).filter((file) => file.startsWith("src/client/"));
}

Deno.test("the client's sources use no platform's globals and need no compiler", async () => {
  for (const file of [...await clientSources(), ...RUNTIME]) {
    const text = code(await Deno.readTextFile(join(ROOT, file)));
    assert.doesNotMatch(text, FOREIGN, file);
    assert.doesNotMatch(text, COMPILED, file);
  }
  assert.match("await Deno.readTextFile()", FOREIGN);
  assert.match("  constructor(readonly a: string) {", COMPILED);
});

Deno.test("the client needs no package, and imports only modules that need none", async () => {
  const needed = new Set<string>();
  for (const file of await clientSources()) {
    for (const from of runtimeImports(await Deno.readTextFile(join(ROOT, file)))) {
      needed.add(from.startsWith(".") ? join(file, "..", from) : from);
    }
  }
  assert.deepEqual([...needed].filter((file) => !file.startsWith("src/client/")).sort(), RUNTIME);
  assert.deepEqual(runtimeImports('import * as z from "zod";\nimport type { A } from "b";\n'), ["zod"]);
});
