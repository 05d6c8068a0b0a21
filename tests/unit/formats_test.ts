/** Sizes, durations and times as people read them: one way for the terminal and the page. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bytes,
  count,
  counted,
  duration,
  latency,
  mebibytes,
  percent,
  relative,
} from "../../src/protocol/formats.ts";
import { fileNames, ROOT } from "./fixtures/sources.ts";
import { join } from "node:path";

const SIZES: [bytes: number, text: string][] = [
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1 kB"],
  [1536, "1.5 kB"],
  [999_940, "1 MB"],
  [20 << 20, "21 MB"],
  [212_400, "212 kB"],
  [17_179_869_184, "17.2 GB"],
  [5e18, "5000 PB"],
];

const DURATIONS: [ms: number, text: string][] = [
  [-5, "0 ms"],
  [42.4, "42 ms"],
  [999.6, "1 s"],
  [3210, "3.2 s"],
  [9000, "9 s"],
  [9960, "10 s"],
  [59_600, "1 min"],
  [65_000, "1 min 5 s"],
  [3_599_600, "1 h"],
  [7_500_000, "2 h 5 min"],
  [47 * 3_600_000, "47 h"],
  [51 * 3_600_000, "2 d 3 h"],
];

Deno.test("formats: a size is decimal with at most three digits", () => {
  assert.deepEqual(SIZES.map(([value]) => bytes(value)), SIZES.map(([, text]) => text));
  fc.assert(fc.property(fc.double({ min: 0, max: 9e17, noNaN: true }), (value) => {
    const [, digits, unit] = /^(\d{1,3}(?:\.\d)?) (B|kB|MB|GB|TB|PB)$/.exec(bytes(value)) ?? [];
    assert.ok(digits !== undefined, `${value} is ${bytes(value)}`);
    const read = Number(digits) * 1000 ** ["B", "kB", "MB", "GB", "TB", "PB"].indexOf(unit!);
    assert.ok(Math.abs(read - value) <= 0.06 * value + 1, `${value} is ${bytes(value)}`);
  }));
});

Deno.test("formats: a duration has at most two units and never sixty of one", () => {
  assert.deepEqual(DURATIONS.map(([ms]) => duration(ms)), DURATIONS.map(([, text]) => text));
  const unit_ms: Record<string, number> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
  fc.assert(fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (ms) => {
    const parts = [...duration(ms).matchAll(/([\d.]+) (\w+)/g)];
    const read = parts.reduce((sum, [, value, unit]) => sum + Number(value) * unit_ms[unit!]!, 0);
    const smallest = unit_ms[parts.at(-1)![2]!]!;
    assert.ok(parts.length <= 2 && Math.abs(read - ms) <= Math.max(500, smallest * 60), duration(ms));
    for (const [, value, unit] of parts) {
      assert.ok(unit === "ms" || unit === "d" || Number(value) < 60, duration(ms));
    }
  }));
});

Deno.test("formats: relative times, percentages, counts", () => {
  const distances: [ms: number, text: string][] = [
    [0, "now"],
    [-4999, "now"],
    [-7_300, "7 s ago"],
    [65_000, "in 1 min"],
    [-7_500_000, "2 h ago"],
    [50 * 3_600_000, "in 2 d 2 h"],
  ];
  for (const [ms, text] of distances) assert.equal(relative(1e12 + ms, 1e12), text);
  assert.deepEqual([0, 0.04, 3.44, 9.96, 42.4].map(percent), ["0 %", "0 %", "3.4 %", "10 %", "42 %"]);
  assert.deepEqual([0.3414, 12.3, 99.6, 1234].map(latency), ["0.34 ms", "12 ms", "100 ms", "1.2 s"]);
  assert.equal(mebibytes(20 << 20), "20 MiB");
  assert.equal(count(12_345), "12,345");
  assert.deepEqual([0, 1, 1200].map((n) => counted(n, "run")), ["0 runs", "1 run", "1,200 runs"]);
  assert.equal(counted(2, "entry", "entries"), "2 entries");
});

Deno.test("formats: no other room formats sizes or durations", async () => {
  const own = /["'`]?[kKMG]i?B["'`]?\s*[\],`]|\b1024\s*\*\*|\/ 1e[69]\b/;
  const found: string[] = [];
  for (const file of await fileNames()) {
    if (!/^src\/(cli|dashboard|monitor|boot)\/.*\.tsx?$/.test(file)) continue;
    const code = (await Deno.readTextFile(join(ROOT, file))).replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
    if (own.test(code)) found.push(file);
  }
  assert.deepEqual(found, []);
});
