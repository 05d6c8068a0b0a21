/** What a machine can judge about the style of the sources, so that no reviewer has to. */
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { fileNames, ROOT } from "./fixtures/sources.ts";

interface Rule {
  name: string;
  applies(file: string): boolean;
  /** Breaks the rule if it is found in a line. */
  pattern: RegExp;
  /** The pattern is looked for in the whole text instead of in each line. */
  whole?: boolean;
  /** Each breaks the rule. They are put together from pieces, so that this file does not break it. */
  samples: string[];
  /** Where the samples stand; a module of the engine unless said. */
  sample_file?: string;
}

const isSource = (file: string) => /\.tsx?$/.test(file);
const isProduct = (file: string) => file.startsWith("src/") && isSource(file);
const isAny = (file: string) => file !== "deno.lock";

/** A pause is part of what these tests do: the moment of a kill, the rhythm of signals and pings, a bounded poll. */
const PAUSES = new Set([
  "tests/faults/crash_rounds_test.ts",
  "tests/faults/latency_test.ts",
  "tests/faults/signals_test.ts",
  "tests/unit/monitor_real_test.ts",
]);

const RULES: Rule[] = [
  {
    name: "time and chance come from the clock",
    applies: (file) => isProduct(file) && !file.startsWith("src/clock/"),
    // A field may have the name: node:http wants its streams to have one.
    pattern:
      /\b(?:Date\.now|Date\.parse|performance\.now|Math\.random|(?<!readonly )setTimeout|setInterval)\b|\bnew Date\(/,
    samples: [
      "const t = Date.now();",
      "new Date()",
      "new Date(record.timestamp)",
      "Date.parse(text)",
      "performance.now()",
      "Math.random()",
      "setTimeout(f, 1)",
    ],
  },
  {
    name: "what happens is logged, not printed",
    // `serve` prints the address that it listens on.
    applies: (file) => isProduct(file) && file !== "src/boot/serve.ts",
    pattern: /\bconsole\.\w+/,
    samples: ['console.log("here")', "console.error(error)"],
  },
  {
    name: "JSON is checked by a schema, not cast",
    applies: isProduct,
    pattern: /\bJSON\.parse\([^;]*?\) as (?!unknown\b)/,
    samples: ["(JSON.parse(line) as Entry).details", "return JSON.parse(text) as { id: string }[];"],
  },
  {
    name: "private fields are written #name",
    applies: isSource,
    // A private constructor has no other form.
    pattern:
      /(?<![.\w])(?:private|protected) (?!constructor\b)(?:readonly |static |async |override )*\w+\s*[(:=?!<]/,
    samples: [
      "  pri" + "vate readonly clock: Clock,",
      "  pro" + "tected stop() {",
      "constructor(pri" + "vate a: number) {}",
    ],
  },
  {
    name: "fields that may be absent are undefined, not spread",
    applies: isProduct,
    pattern: /\.\.\.\((?:[^()]|\([^()]*\))*?\?\s*(?:\{\s*\}\s*:|(?:[^()]|\([^()]*\))*?:\s*\{\s*\}\s*\))/,
    whole: true,
    samples: [
      "({ ...(id === undefined ? {} : { id }) })",
      "({ ...(isOpen(a) ? { a: f(b) } : {}) })",
    ],
  },
  {
    name: "nothing is left to be done",
    applies: isAny,
    pattern: new RegExp(`\\b(?:${["FIX" + "ME", "TO" + "DO", "XX" + "X"].join("|")})\\b`),
    samples: ["// FIX" + "ME: soon", "/* TO" + "DO */", "// XX" + "X"],
  },
  {
    name: "types are not switched off",
    applies: isSource,
    pattern: new RegExp(`@ts-(?:${["ign" + "ore", "noch" + "eck", "exp" + "ect-error"].join("|")})`),
    samples: ["// @ts-" + "ign" + "ore", "// @ts-" + "noch" + "eck"],
  },
  {
    name: "an ignored error says why it is safe",
    applies: isProduct,
    pattern: /\bcatch\s*(?:\([^)]*\)\s*)?\{\s*\}/,
    whole: true,
    samples: ["try { f(); } catch {}", "try { f(); } catch (error) {\n}"],
  },
  {
    name: "a test waits for a signal, not for a time",
    applies: (file) => file.endsWith("_test.ts") && !PAUSES.has(file),
    pattern: new RegExp(
      "\\bset" + "Timeout\\((?:resolve|[^()]*=>[^,]*),\\s*[^0\\s]|\\bsle" + "ep\\(\\w+Clock",
    ),
    sample_file: "tests/api/sample_test.ts",
    samples: ["new Promise((resolve) => set" + "Timeout(resolve, 300))", "await sle" + "ep(systemClock, 10)"],
  },
  {
    name: "no machine's paths and no registry's hosts",
    applies: isAny,
    pattern: new RegExp(
      [
        "(?<![\\w}])/wo" + "rk/",
        "(?<![\\w}])/ro" + "ot/",
        "registry\\.npm" + "js",
        "jsr\\." + "io",
        "npmm" + "irror",
      ].join("|"),
    ),
    samples: ['"/wo' + 'rk/main"', '"/ro' + 'ot/x"', "https://registry.npm" + "js.org/zod", "jsr." + "io"],
  },
];

function breaches(rule: Rule, file: string, text: string): string[] {
  if (!rule.applies(file)) return [];
  if (rule.whole) {
    return [...text.matchAll(new RegExp(rule.pattern, "g"))].map(({ index }) =>
      `${file}:${text.slice(0, index).split("\n").length}`
    );
  }
  return text.split("\n").flatMap((line, i) => rule.pattern.test(line) ? [`${file}:${i + 1}`] : []);
}

const texts = new Map<string, string>();
for (const file of await fileNames()) {
  if (!/\.(?:sqlite3|png)$/.test(file)) texts.set(file, await Deno.readTextFile(join(ROOT, file)));
}

for (const rule of RULES) {
  Deno.test(`style: ${rule.name}`, () => {
    for (const sample of rule.samples) {
      assert.equal(
        breaches(rule, rule.sample_file ?? "src/engine/sample.ts", sample).length,
        1,
        `not found: ${sample}`,
      );
    }
    assert.deepEqual([...texts].flatMap(([file, text]) => breaches(rule, file, text)), []);
  });
}

// ---- what nobody uses

const EXPORT = /^export (?:declare )?(?:async )?(?:const|let|function\*?|class|abstract class) (\w+)/gm;
/** Names in braces, or everything (`* as x`, `import("…")`), taken from a module of ours. */
const IMPORT =
  /^\s*(?:import|export)\s+(?:type\s+)?(?:\{([^}]*)\}|\*(?:\s+as\s+\w+)?)\s*from\s*"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"/gm;

/** The client's package exports what its users need. */
const isPublic = (file: string) => file.startsWith("src/client/") || file.endsWith(".d.ts");

/** Module → names that others import from it; "*" stands for all. */
function importedNames(sources: ReadonlyMap<string, string>): Map<string, Set<string>> {
  const imported = new Map<string, Set<string>>();
  for (const [file, text] of sources) {
    for (const [, names, from, whole] of text.matchAll(IMPORT)) {
      const module = join(dirname(file), (from ?? whole)!);
      const known = imported.get(module) ?? new Set();
      for (const name of (names ?? "*").split(",")) {
        known.add(name.trim().replace(/^type /, "").replace(/ as \w+$/, ""));
      }
      imported.set(module, known);
    }
  }
  return imported;
}

/**
 * Exported values that nobody needs. A value is needed when other product code imports it, or when a test imports
 * it and its own module uses it: what only a test keeps alive is dead. Types are left alone, since a type in the
 * signature of an exported function belongs to the module's face.
 */
function unusedExports(sources: ReadonlyMap<string, string>): string[] {
  const isTest = (file: string) => file.startsWith("tests/");
  const product = importedNames(new Map([...sources].filter(([file]) => !isTest(file))));
  const tests = importedNames(new Map([...sources].filter(([file]) => isTest(file))));
  return [...sources].filter(([file]) => isProduct(file) && !isPublic(file)).flatMap(([file, text]) => {
    const [used, tested] = [product.get(file), tests.get(file)];
    if (used?.has("*")) return [];
    const code = text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
    return [...text.matchAll(EXPORT)].map(([, name]) => name!).filter((name) => {
      const isUsedHere = code.match(new RegExp(`\\b${name}\\b`, "g"))!.length > 1;
      return !used?.has(name) && !(tested?.has(name) && isUsedHere);
    }).map((name) => `${file}: ${name}`);
  });
}

Deno.test("style: every exported value is used", () => {
  const sources = new Map([
    ["src/a.ts", "export const used = 1;\nexport function own() {}\nown();\nexport class Dead {}\n"],
    ["src/b.ts", 'import { type used as mine } from "./a.ts";\nexport const all = 1;\n'],
    ["src/c.ts", 'const b = await import("./b.ts");\n'],
    ["tests/a_test.ts", 'import { Dead } from "../src/a.ts";\n'],
  ]);
  assert.deepEqual(unusedExports(sources), ["src/a.ts: own", "src/a.ts: Dead"]);
  sources.set("tests/a_test.ts", 'import {\n  Dead,\n  own,\n} from "../src/a.ts";\n');
  assert.deepEqual(unusedExports(sources), ["src/a.ts: Dead"]);
  assert.deepEqual(unusedExports(new Map([...texts].filter(([file]) => isSource(file)))), []);
});

/** Files that no other file names, and that nobody starts by name. */
function deadFiles(all: ReadonlyMap<string, string>): string[] {
  const isStarted = (file: string) => /_test\.ts$|(?:^|\/)main\.tsx?$|^scripts\//.test(file);
  return [...all.keys()].filter((file) => /\.(?:tsx?|css|html|svg)$/.test(file) && !isStarted(file)).filter(
    (file) => {
      const name = new RegExp(`["'\`/]${basename(file).replaceAll(".", "\\.")}\\b`);
      return ![...all].some(([other, text]) => other !== file && !other.endsWith(".md") && name.test(text));
    },
  );
}

Deno.test("style: every file is used", () => {
  const all = new Map([["src/a.ts", 'import "./b.css";'], ["src/b.css", ""], ["src/c.tsx", ""], [
    "main.ts",
    "",
  ]]);
  assert.deepEqual(deadFiles(all), ["src/a.ts", "src/c.tsx"]);
  assert.deepEqual(deadFiles(texts), []);
});
