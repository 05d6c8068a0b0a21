/** The page's styles keep to the scale: sizes and colors come from tokens, and few widths change the layout. */
import assert from "node:assert/strict";
import { fileNames, ROOT } from "./fixtures/sources.ts";

const TOKENS = "src/dashboard/style/tokens.css";
const BREAKPOINTS_MAX = 3;

const SCALED =
  /^(?:(?:padding|margin|gap|row-gap|column-gap|border-radius|font|font-size|line-height)\b|border-.*-radius)/;
/** Any length but a hairline. */
const LENGTH = /(?<![\w.-])-?(?!1px)\d*\.?\d+(?:px|rem|em|ch|pt|vh|vw)\b/;
const COLOR = /#[\da-f]{3,8}\b|\b(?:rgb|hsl)a?\(/i;

/** Declarations with a space, a radius, a size of type or a color of their own. */
function literals(css: string): string[] {
  return css.replaceAll(/\/\*[^]*?\*\//g, "").split(/[;{}]/).flatMap((part) => {
    const [, property = "", value = ""] = /^\s*([\w-]+)\s*:([^]*)$/.exec(part) ?? [];
    const isLiteral = (SCALED.test(property) && LENGTH.test(value)) ||
      COLOR.test(value.replaceAll(/url\(.*?\)/g, ""));
    return isLiteral ? [`${property}:${value}`] : [];
  });
}

/** The widths at which the layout changes. */
function widths(source: string): string[] {
  return [...source.matchAll(/\((?:min|max)-width: ([^)]*)\)/g)].map(([, width]) => width!);
}

const files = (await fileNames()).filter((file) => file.startsWith("src/dashboard/"));
const styles = files.filter((file) => file.endsWith(".css"));
const read = (file: string) => Deno.readTextFile(ROOT + file);

Deno.test("spaces, radii, type sizes and colors come from tokens", async () => {
  assert.ok(styles.includes(TOKENS) && styles.length > 20);
  for (const file of styles) {
    if (file !== TOKENS) assert.deepEqual(literals(await read(file)), [], file);
  }
});

Deno.test("a literal size or color is found; hairlines and other sizes are allowed", () => {
  for (
    const sample of [
      "padding: 3px",
      "margin: 0 auto -1.5rem",
      "gap: calc(var(--space-4) + .2em)",
      "border-radius: 50px",
      "font: 500 11px/16px var(--sans)",
      "line-height: 18px",
      "color: #fff",
      "background: rgb(0 0 0 / 6%)",
    ]
  ) assert.equal(literals(`.a { ${sample}; }`).length, 1, sample);
  for (
    const sample of [
      "margin: -1px",
      "border-radius: 50%",
      "padding: 0 var(--space-8)",
      "width: 14px",
      "line-height: 1.4",
      "mask: url(\"data:image/svg+xml,stroke='%23000'\")",
    ]
  ) assert.deepEqual(literals(`.a { ${sample}; }`), [], sample);
});

Deno.test("every custom property that the styles use is set somewhere", async () => {
  const sources = await Promise.all(files.filter((file) => /\.(?:css|tsx?)$/.test(file)).map(read));
  const known = new Set(
    sources.flatMap((text) => [...text.matchAll(/(--[\w-]+)"?:/g)].map(([, name]) => name!)),
  );
  for (const file of styles) {
    const used = [...(await read(file)).matchAll(/var\((--[\w-]+)/g)].map(([, name]) => name!);
    assert.deepEqual(used.filter((name) => !known.has(name)), [], file);
  }
});

Deno.test(`the layout changes at no more than ${BREAKPOINTS_MAX} widths, in styles and code alike`, async () => {
  const found = new Set<string>();
  for (const file of files.filter((file) => /\.(?:css|tsx?)$/.test(file))) {
    for (const width of widths(await read(file))) found.add(width);
  }
  assert.ok(found.size > 0 && found.size <= BREAKPOINTS_MAX, [...found].join(", "));
});
