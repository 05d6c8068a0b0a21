/** What the sources do not hold, by rules that a reader would otherwise have to check. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileNames, ROOT } from "./fixtures/sources.ts";

interface Rule {
  name: string;
  applies(file: string): boolean;
  /** Found in a line, it breaks the rule. */
  pattern: RegExp;
  /** Looked for in the whole text instead of in each line. */
  whole?: boolean;
  /** Each breaks the rule; put together, so that this file does not break it. */
  samples: string[];
}

const isSource = (file: string) => /\.tsx?$/.test(file);
const isProduct = (file: string) => file.startsWith("src/") && isSource(file);
const isAny = (file: string) => file !== "deno.lock";

const RULES: Rule[] = [
  {
    name: "time and chance come from the clock",
    applies: (file) => isProduct(file) && !file.startsWith("src/clock/"),
    pattern: /\b(?:Date\.now|performance\.now|Math\.random|setTimeout|setInterval)\b|\bnew Date\(\s*\)/,
    samples: [
      "const t = Date.now();",
      "new Date()",
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

const MOST_LINES = 400;
/** A specification is a list, read entry by entry. */
const MOST_LINES_OF_TESTS = 600;

function breaches(rule: Rule, file: string, text: string): string[] {
  if (!rule.applies(file)) return [];
  const pieces = rule.whole ? [text] : text.split("\n");
  return pieces.flatMap((piece, i) =>
    rule.pattern.test(piece) ? [rule.whole ? file : `${file}:${i + 1}`] : []
  );
}

const texts = new Map<string, string>();
for (const file of await fileNames()) texts.set(file, await Deno.readTextFile(join(ROOT, file)));

for (const rule of RULES) {
  Deno.test(`style: ${rule.name}`, () => {
    for (const sample of rule.samples) {
      assert.equal(breaches(rule, "src/engine/sample.ts", sample).length, 1, `not found: ${sample}`);
    }
    assert.deepEqual([...texts].flatMap(([file, text]) => breaches(rule, file, text)), []);
  });
}

function isTooLong(file: string, text: string): boolean {
  return text.split("\n").length - 1 > (file.startsWith("tests/") ? MOST_LINES_OF_TESTS : MOST_LINES);
}

Deno.test(`style: no module is longer than ${MOST_LINES} lines`, () => {
  assert.equal(isTooLong("src/a.ts", "\n".repeat(MOST_LINES + 1)), true);
  assert.equal(isTooLong("tests/a.ts", "\n".repeat(MOST_LINES_OF_TESTS + 1)), true);
  assert.deepEqual(
    [...texts].filter(([file, text]) => isSource(file) && isTooLong(file, text)).map(([file]) => file),
    [],
  );
});
