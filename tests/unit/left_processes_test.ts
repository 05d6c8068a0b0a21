import assert from "node:assert/strict";
import { LeftProcesses } from "../../src/agents/supervision/left_processes.ts";
import { systemClock } from "../../src/clock/clock.ts";

/** `looks`: the pids of the tree, and those of the group if there is one, one look after another. */
function left(looks: (number[] | undefined)[], hasGroup: boolean) {
  const exit = Promise.withResolvers<void>();
  let trees = 0;
  const next = () => Promise.resolve(looks.shift());
  const processes = new LeftProcesses({
    clock: systemClock,
    pid: 7,
    exit: exit.promise,
    lists: { withEnvironment: () => Promise.resolve([]), withoutEnvironment: () => Promise.resolve([]) },
    tree: {
      async members() {
        trees++;
        return ((hasGroup ? undefined : await next()) ?? []).map((pid) => ({ pid, pgid: 0, state: "S" }));
      },
    },
    group: hasGroup ? { path: "/none", members: next } : undefined,
  });
  return { processes, exit: exit.resolve, trees: () => trees };
}

for (const hasGroup of [true, false]) {
  const by = hasGroup ? "its group" : "a list of processes";
  Deno.test(`a run is gone when ${by} is empty after its process has exited, and no sooner`, async () => {
    const { processes, exit } = left([[], [7, 8], [], []], hasGroup);
    await processes.list();
    assert.equal(processes.isGone, false, "it may not have entered its group yet");
    await processes.noteOwn();
    exit();
    await Promise.resolve();
    await processes.list();
    assert.equal(processes.isGone, true);
  });
}

Deno.test("a run is not gone when its group cannot be listed", async () => {
  const { processes, exit, trees } = left([undefined], true);
  exit();
  await Promise.resolve();
  await processes.list();
  assert.equal(trees(), 1);
  assert.equal(processes.isGone, false);
});
