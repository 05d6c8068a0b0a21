/** What the dashboard loads at first: read from the imports of its entry, without the modules that load with their first use. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { ROOT } from "./fixtures/sources.ts";

const ENTRY = "src/dashboard/main.tsx";
/** Packages that weigh more than the page at first needs of them. Schemas come in with one constant of a schema's module. */
const LATER = ["zod", "croner", "cronstrue", "uplot", "@dagrejs/dagre"];

const STATIC = /^(?:import|export)\s+(?!type\b)([^"';]*?)\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"/gm;

/** What a module needs before it can run: no types, and nothing that it imports later. */
function needsOf(text: string): string[] {
  return [...text.matchAll(STATIC)]
    .filter(([, names]) => names === undefined || !isOnlyTypes(names))
    .map(([, , from, effect]) => (from ?? effect)!);
}

function isOnlyTypes(names: string): boolean {
  const inBraces = /^\{([^}]*)\}\s*$/.exec(names.trim())?.[1];
  return inBraces !== undefined &&
    inBraces.split(",").every((name) => name.trim() === "" || /^type\s/.test(name.trim()));
}

/** Each way from the entry to a package that should load later, as the modules on it. */
async function waysTo(packages: readonly string[], textOf: (file: string) => Promise<string>) {
  const ways: string[] = [];
  const seen = new Set([ENTRY]);
  const queue: string[][] = [[ENTRY]];
  for (const way of queue) {
    const file = way.at(-1)!;
    for (const need of needsOf(await textOf(file))) {
      if (packages.includes(need)) ways.push([...way, need].join(" -> "));
      const next = join(dirname(file), need);
      if (!need.startsWith(".") || !/\.tsx?$/.test(need) || seen.has(next)) continue;
      seen.add(next);
      queue.push([...way, next]);
    }
  }
  return { ways, seen };
}

const read = (file: string) => Deno.readTextFile(join(ROOT, file));

Deno.test("dashboard: the first load has no schemas, and nothing that reads cron expressions, draws or lays out", async () => {
  const { ways, seen } = await waysTo(LATER, read);
  assert.deepEqual(ways, []);
  assert.ok(seen.has("src/domain/errors.ts"), "the imports were not followed");
});

Deno.test("dashboard: each way to a package is found, and those by types or by a later import are none", async () => {
  const texts: Record<string, string> = {
    [ENTRY]: `import "./a.ts";\nimport type { B } from "./b.ts";\nimport { type C } from "./c.ts";
const later = () => import("./d.ts");`,
    "src/dashboard/a.ts": `import {\n  type X,\n  y,\n} from "../domain/e.ts";`,
    "src/domain/e.ts": `import * as z from "zod";\nexport const y = z;`,
  };
  const { ways } = await waysTo(["zod"], (file) => Promise.resolve(texts[file]!));
  assert.deepEqual(ways, [`${ENTRY} -> src/dashboard/a.ts -> src/domain/e.ts -> zod`]);
});
