/** Which task may run beside which, with what agents delegate among them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { agentActor } from "../../src/domain/actor.ts";
import { type Bound, obstacleTo, type RunningTasks } from "../../src/domain/concurrency.ts";
import { ancestorsOf } from "../../src/domain/delegation.ts";
import type { TaskRecord } from "../../src/domain/task_record.ts";

const SLOT = "slot";

/** Tasks with a parent and a folder, some of which run. */
class World implements RunningTasks {
  readonly #slots: number;
  readonly tasks = new Map<string, { parent?: string; folder: string; status: "queued" | "runs" | "over" }>();

  constructor(slots: number) {
    this.#slots = slots;
  }

  add(id: string, folder: string, parent?: string): this {
    this.tasks.set(id, { parent, folder, status: "queued" });
    return this;
  }

  run(...ids: string[]): this {
    for (const id of ids) this.tasks.get(id)!.status = "runs";
    return this;
  }

  readonly isRunning = (id: string) => this.tasks.get(id)?.status === "runs";

  holdersOf(key: string): string[] {
    return [...this.tasks.keys()].filter((id) =>
      this.isRunning(id) && this.boundsOf(id).some((bound) => bound.key === key)
    );
  }

  boundsOf(id: string): Bound[] {
    return [{ key: SLOT, limit: this.#slots }, { key: this.tasks.get(id)!.folder, limit: 1 }];
  }

  readonly record = (id: string) => {
    const { parent } = this.tasks.get(id)!;
    const created_by = parent === undefined ? undefined : agentActor(parent, "agent");
    return { id, spec: { created_by, order: [...this.tasks.keys()].indexOf(id) } } as unknown as TaskRecord;
  };

  ancestorsOf(id: string): ReadonlySet<string> {
    return new Set(ancestorsOf(this.record(id), this.record).map((one) => one.id));
  }

  childrenOf(id: string): string[] {
    return [...this.tasks].filter(([, { parent, status }]) => parent === id && status !== "over").map((
      [one],
    ) => one);
  }

  heldUpBy(id: string): string | undefined {
    return obstacleTo(id, this.boundsOf(id), this)?.key;
  }
}

Deno.test("two tasks do not share a folder, nor more than there are the slots", () => {
  const world = new World(2).add("a", "/x").add("b", "/x").add("c", "/y").add("d", "/z").run("a");
  assert.equal(world.heldUpBy("b"), "/x");
  assert.equal(world.heldUpBy("c"), undefined);
  world.run("c");
  assert.equal(world.heldUpBy("d"), SLOT);
});

Deno.test("a delegated task waits for no folder and no slot of those above it, but for those of its siblings", () => {
  const world = new World(1).add("a", "/x").add("b", "/x", "a").add("c", "/x", "b").add("sibling", "/x", "a");
  world.add("other", "/y").run("a");
  for (const id of ["b", "c"]) {
    assert.equal(world.heldUpBy(id), undefined);
    world.run(id);
  }
  assert.equal(world.heldUpBy("sibling"), SLOT);
  assert.equal(world.heldUpBy("other"), SLOT);
});

Deno.test("two that have each delegated a task into the other's folder do not wait for one another forever", () => {
  const world = new World(9).add("a", "/x").add("b", "/y").run("a", "b").add("below_a", "/y", "a");
  assert.equal(world.heldUpBy("below_a"), "/y", "b may end");
  world.add("below_b", "/x", "b");
  assert.equal(world.heldUpBy("below_b"), undefined);
  world.run("below_b");
  assert.equal(world.heldUpBy("below_a"), "/y", "b ends after below_b");
});

Deno.test("a task that another could wait for may end, if there is another way", () => {
  // Slots are held by one that waits and by one that does not.
  const world = new World(2).add("a", "/x").add("b", "/y").add("c", "/z").run("a", "b");
  world.add("below_a", "/y", "a").run("c").add("below_b", "/w", "b");
  assert.equal(world.heldUpBy("below_b"), SLOT, "c ends");
  world.tasks.get("c")!.status = "over";
  assert.equal(world.heldUpBy("below_b"), undefined);
});

Deno.test("a task that has taken the id of a removed parent is none", () => {
  const world = new World(1).add("child", "/x", "reused").add("own", "/x", "own").add("reused", "/x").run(
    "reused",
  );
  assert.equal(world.heldUpBy("child"), SLOT);
  assert.equal(world.heldUpBy("own"), SLOT);
});

/**
 * Tasks that delegate by chance, and wait for all that they have delegated. Whatever the order in which those that may
 * start do start: all come to their end, and two share a folder only where one of them is delegated.
 */
Deno.test("no delegation leaves tasks that wait for each other forever", () => {
  const made = fc.array(
    fc.record({
      parent: fc.option(fc.nat(20), { nil: undefined }),
      folder: fc.constantFrom("/x", "/y", "/z"),
    }),
    { minLength: 1, maxLength: 14 },
  );
  fc.assert(
    fc.property(
      made,
      fc.integer({ min: 1, max: 3 }),
      fc.infiniteStream(fc.nat(1000)),
      (wanted, slots, chance) => {
        const world = new World(slots);
        const depths: number[] = [];
        const below = new Map<string, { id: string; folder: string }[]>();
        for (const [i, { parent, folder }] of wanted.entries()) {
          const id = `t${i}`;
          const above = parent === undefined || i === 0 ? undefined : parent % i;
          const depth = depths[i] = above === undefined ? 0 : depths[above]! + 1;
          if (above === undefined || depth > 3) world.add(id, folder);
          else below.set(`t${above}`, [...below.get(`t${above}`) ?? [], { id, folder }]);
        }
        // A task has delegated all once it runs.
        for (let open = true; open;) {
          const may: (() => void)[] = [];
          for (const [id, task] of world.tasks) {
            if (task.status === "queued" && world.heldUpBy(id) === undefined) {
              may.push(() => {
                const others = [...world.tasks.values()].filter(({ status, folder }) =>
                  status === "runs" && folder === task.folder
                );
                assert.ok(others.length === 0 || task.parent !== undefined, "they share a folder");
                world.run(id);
                for (const child of below.get(id) ?? []) world.add(child.id, child.folder, id);
              });
            }
            if (task.status === "runs" && world.childrenOf(id).length === 0) {
              may.push(() => task.status = "over");
            }
          }
          open = may.length > 0;
          if (open) may[(chance.next().value as number) % may.length]!();
        }
        const left = [...world.tasks].filter(([, { status }]) => status !== "over").map(([id]) => id);
        assert.deepEqual(left, []);
      },
    ),
    { numRuns: 2_000 },
  );
});
