/** Which members of a batch must wait for which. */
import assert from "node:assert/strict";
import { changing, conflict, creating, EVERY_TASK, NOTHING, reading } from "../../src/api/touches.ts";

/** `b` depends on `a`, `c` on `b`. */
const queries = {
  has: (id: string) => ["a", "b", "c"].includes(id),
  dependenciesOf: (id: string) => ({ b: ["a"], c: ["b"] })[id] ?? [],
  allDependentsOf: (id: string) => ({ a: ["b", "c"], b: ["c"] })[id] ?? [],
};

Deno.test("requests conflict if one changes what the other reads or changes", () => {
  const conflicting = [
    [changing("a", queries), changing("c", queries)],
    [changing("a", queries), reading("c", queries)],
    [creating({ id: "d", dependencies: ["b"] }, queries), changing("a", queries)],
    [creating({ id: "d" }, queries), creating({ id: "d" }, queries)],
    // The error for an unknown dependency lists tasks that exist.
    [creating({ id: "d", dependencies: ["unknown"] }, queries), creating({ id: "e" }, queries)],
    [EVERY_TASK, changing("a", queries)],
    [undefined, NOTHING],
  ];
  const independent = [
    [
      creating({ id: "d", dependencies: ["a"] }, queries),
      creating({ id: "e", dependencies: ["a"] }, queries),
    ],
    [reading("c", queries), reading("b", queries)],
    [EVERY_TASK, EVERY_TASK],
    [EVERY_TASK, NOTHING],
  ];
  for (const [a, b] of conflicting) assert.deepEqual([conflict(a, b), conflict(b, a)], [true, true]);
  for (const [a, b] of independent) assert.deepEqual([conflict(a, b), conflict(b, a)], [false, false]);
});

Deno.test("changes of tasks with many dependents are compared by looking them up, not one with another", () => {
  let looks = 0;
  class Counted extends Set<string> {
    override has(id: string): boolean {
      looks++;
      return super.has(id);
    }
  }
  const many = (prefix: string) => new Counted(Array.from({ length: 1000 }, (_, i) => prefix + i));
  const [a, b] = [many("a"), many("b")].map((changes) => ({ reads: new Set<string>(), changes }));
  assert.equal(conflict(a, b), false);
  assert.ok(looks > 0 && looks <= 2000, `${looks} look-ups`);
});
