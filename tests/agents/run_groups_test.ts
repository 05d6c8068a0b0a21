import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { RunGroups } from "../../src/agents/supervision/run_groups.ts";
import { daemonPid, daemonScript } from "./fixtures/daemon.ts";
import { pidIn, spawnScript, stateOf, until, withSupervisor } from "./fixtures/harness.ts";
import { startOwner } from "./fixtures/owned.ts";

const newGroups = () => {
  const ids = { store_id: "groups-test", instance_id: crypto.randomUUID() };
  return new RunGroups({ clock: systemClock, server_env: Deno.env.toObject(), ...ids });
};

/** Control groups can be made on this machine and by this account. */
const hasGroups = await (async () => {
  const groups = newGroups();
  await groups.start();
  const { home } = groups;
  await groups.close();
  return home !== undefined;
})();

/** A test for machines with control groups. */
function groupTest(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore: !hasGroups, fn: body });
}

groupTest(
  "groups: a daemon that has shed everything ends with the run that started it, however that ends",
  async () => {
    for (const then of ["exit 0", "exit 1", "sleep 300"]) {
      await withSupervisor(async (bench) => {
        const { child } = await spawnScript(bench, daemonScript(bench.folder, then));
        const daemon = await daemonPid(bench.folder);
        if (then !== "sleep 300") await child.status;
        assert.ok(await stateOf(daemon), "it outlives the agent");
        await child.end({ stdin_grace_ms: 0 });
        assert.equal(await stateOf(daemon), undefined, then);
      });
    }
  },
);

groupTest(
  "groups: a run ends its own daemon, not that of another run",
  () =>
    withSupervisor((one) =>
      withSupervisor(async (other) => {
        const runs = await Promise.all(
          [one, other].map(({ folder }, i) =>
            spawnScript({ ...one, folder }, daemonScript(folder, "sleep 300"), { task: { id: `task-${i}` } })
          ),
        );
        const [mine, others] = await Promise.all([daemonPid(one.folder), daemonPid(other.folder)]);
        await runs[0]!.child.end({ stdin_grace_ms: 0 });
        assert.deepEqual([await stateOf(mine), await stateOf(others)], [undefined, "S"]);
        await runs[1]!.child.end({ stdin_grace_ms: 0 });
        assert.equal(await stateOf(others), undefined);
      })
    ),
);

groupTest("groups: kill -9 of the server leaves no daemon and no group", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const owner = await startOwner(folder, ["command", daemonScript(folder, "sleep 300")]);
  const daemon = await daemonPid(folder);
  const group = (await Deno.readTextFile(`/proc/${daemon}/cgroup`)).match(
    /^0::.*\/(opencode-agents\.owned\.[^/]+)\//m,
  );
  assert.ok(group, "it is in a group");
  owner.process.kill("SIGKILL");
  await owner.process.status;
  await until("the daemon is gone", async () => await stateOf(daemon) === undefined);
  const mounts = await Deno.readTextFile("/proc/self/mounts");
  const point = /^\S+ (\S+) cgroup2 /m.exec(mounts)![1]!;
  const own = /^0::(.*)$/m.exec(await Deno.readTextFile("/proc/self/cgroup"))![1]!;
  await until(
    "the group is gone",
    () => Deno.stat(`${point}${own}/${group[1]}`).then(() => false, () => true),
  );
  await Deno.remove(folder, { recursive: true });
});

groupTest(
  "groups: what a killed server and its helpers have left ends at the next start",
  () =>
    withSupervisor(async (earlier) => {
      const { child } = await spawnScript(earlier, daemonScript(earlier.folder, "exit 0"));
      const daemon = await daemonPid(earlier.folder);
      await child.status;
      await withSupervisor(async (unrelated) => {
        assert.equal(await unrelated.supervisor.endStrays(), 0);
        assert.ok(await stateOf(daemon));
      });
      await withSupervisor(async (later) => {
        assert.equal(await later.supervisor.endStrays(), 1);
        assert.equal(await stateOf(daemon), undefined);
      }, { store_id: earlier.store_id });
      await child.end();
    }),
);

for (const [what, signal] of [["died", "SIGKILL"], ["stopped answering", "SIGSTOP"]] as const) {
  groupTest(
    `groups: a run whose keeper has ${what} still ends with all that is in its group, and the next run has a group again`,
    () =>
      withSupervisor(async (bench) => {
        const { folder } = bench;
        const { child } = await spawnScript(bench, daemonScript(folder, "sleep 300"));
        const daemon = await daemonPid(folder);
        const { stdout } = await new Deno.Command("pgrep", {
          args: ["-f", `opencode-agents.${bench.store_id}.`],
        }).output();
        for (const pid of new TextDecoder().decode(stdout).trim().split("\n")) Deno.kill(Number(pid), signal);
        await child.end({ stdin_grace_ms: 0 });
        assert.equal(await stateOf(daemon), undefined);
        const next = await spawnScript(bench, "cat /proc/self/cgroup");
        await next.child.status;
        await next.child.end();
        assert.match(await next.stdout, new RegExp(`^0::.*${bench.store_id}.*/run-\\d+$`, "m"));
      }),
  );
}

groupTest(
  "groups: a run starts and ends without its group when somebody has removed that",
  () =>
    withSupervisor(async (bench) => {
      const first = await spawnScript(bench, "cat /proc/self/cgroup");
      await first.child.status;
      await first.child.end();
      const group = /^0::(.*)$/m.exec(await first.stdout)![1]!;
      const point = /^\S+ (\S+) cgroup2 /m.exec(await Deno.readTextFile("/proc/self/mounts"))![1]!;
      await Deno.remove(`${point}${group}`);
      const { folder } = bench;
      const { child, stdout } = await spawnScript(
        bench,
        `echo runs; setsid sh -c 'echo $$ > ${folder}/far; sleep 300' > /dev/null & while [ ! -s ${folder}/far ]; do sleep 0.02; done`,
      );
      const far = await pidIn(`${folder}/far`);
      await child.status;
      await child.end();
      assert.equal(await stdout, "runs\n");
      assert.equal(await stateOf(far), undefined);
    }),
);

groupTest(
  "groups: a run that was expected has its group, and the keeper's answers stay in order",
  () =>
    withSupervisor(async (bench) => {
      for (let round = 0; round < 3; round++) {
        bench.supervisor.expect();
        const { child, stdout } = await spawnScript(bench, "cat /proc/self/cgroup");
        bench.supervisor.expect();
        await child.status;
        await child.end();
        assert.match(await stdout, new RegExp(`^0::.*${bench.store_id}.*/run-1$`, "m"));
      }
    }),
);
