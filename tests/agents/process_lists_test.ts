import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { shared } from "../../src/host/processes/process_lists.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { withFakePs } from "../fixtures/fake_ps.ts";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

/** Lists that begin when they are asked for and end when the test says so. */
function controlledLists() {
  const begun: PromiseWithResolvers<string>[] = [];
  const ask = shared(systemClock, () => {
    begun.push(Promise.withResolvers());
    return begun.at(-1)!.promise;
  });
  return { begun, ask };
}

Deno.test("lists: who asks before a list begins shares it, who asks during one gets the next, one at a time", async () => {
  const { begun, ask } = controlledLists();
  const early = [ask(), ask(), ask()];
  await until(() => begun.length > 0);
  const late = [ask(), ask()];
  begun[0]!.resolve("first");
  assert.deepEqual(await Promise.all(early), ["first", "first", "first"]);
  await until(() => begun.length > 1);
  const later = ask();
  begun[1]!.resolve("second");
  assert.deepEqual(await Promise.all(late), ["second", "second"]);
  await until(() => begun.length > 2);
  begun[2]!.resolve("third");
  assert.equal(await later, "third");
  assert.equal(begun.length, 3);
});

Deno.test("lists: one that fails fails for those who share it, and the next begins", async () => {
  const { begun, ask } = controlledLists();
  const failing = [ask(), ask()];
  await until(() => begun.length > 0);
  const next = ask();
  begun[0]!.reject(new Error("no list"));
  for (const one of failing) await assert.rejects(one, /no list/);
  await until(() => begun.length > 1);
  begun[1]!.resolve("second");
  assert.equal(await next, "second");
});

const TASKS = 12;

Deno.test({
  name:
    "lists: without control groups, tasks that end at the same time cost two lists of processes, not one each",
  ignore: Deno.build.os === "windows",
}, async () => {
  await withFakePs(async (ps) => {
    const config = {
      limits: { enabled: false },
      agents: { shell: { protocol: "command", command: ["/bin/sh", "-c", "{prompt}"] } },
      tasks: { default_agent: "shell", max_concurrent: TASKS },
    };
    // The keeper of the control groups makes folders with it, so there are none.
    const [folder] = ps.path.split(":");
    await Deno.writeTextFile(`${folder}/mkdir`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    await withServer({ config, permissions: START_PERMISSIONS }, async (server) => {
      const waiting = `while [ ! -e '${server.dir}/go' ]; do sleep 0.05; done; : ends together`;
      for (let i = 0; i < TASKS; i++) {
        const task = { id: `t${i}`, type: "testing", priority: "high", description: "x" };
        await server.post({ type: "start_task", task: { ...task, execution: { prompt: waiting } } });
      }
      await until(async () => await server.processesMatching("ends together") === TASKS);
      await ps.break(`while [ ! -e '${server.dir}/list' ]; do sleep 0.05; done`);
      const before = await ps.treeLists();
      await Deno.writeTextFile(`${server.dir}/go`, "");
      await until(async () => await server.processesMatching("ends together") === 0);
      await server.post({ type: "ping" });
      await Deno.writeTextFile(`${server.dir}/list`, "");
      await until(async () => {
        const { reply } = await server.post({ type: "list_tasks", filter: { status: ["completed"] } });
        return reply.total_count === TASKS;
      });
      assert.match(server.stderr, /No control groups can be made here/);
      // A trial of `ps` may have come between.
      assert.ok(await ps.treeLists() - before <= 3, `${await ps.treeLists() - before} lists`);
    }, { PATH: ps.path });
  });
});
