import assert from "node:assert/strict";
import { systemClock, within } from "../../src/clock/clock.ts";
import { createReaperLink } from "../../src/agents/supervision/reaper_link.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { pidIn, REAPER_COMMAND, spawnScript, stateOf, until, withSupervisor } from "./fixtures/harness.ts";
import { startOwner } from "./fixtures/owned.ts";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("reaper: kill -9 of the server leaves no survivor", () =>
  withFolder(async (folder) => {
    const owner = await startOwner(folder, [
      "command",
      `setsid sh -c 'echo $$ > ${folder}/far; sleep 300' & trap '' TERM; while :; do sleep 0.2; done`,
      "acp",
      // Ends by itself when its stdin closes, and needs a moment for that.
      `trap 'echo termed > ${folder}/termed' TERM; cat > /dev/null; sleep 0.5; echo > ${folder}/clean`,
    ]);
    const far = await pidIn(`${folder}/far`);
    // What stops the server's terminal session must not stop the reaper before its work is done.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.kill(owner.reaper, signal);
    owner.process.kill("SIGKILL");
    await owner.process.status;
    await until("all gone", async () => {
      const states = await Promise.all([...owner.pids, far, owner.reaper].map(stateOf));
      return states.every((state) => state === undefined);
    });
    assert.ok((await Deno.stat(`${folder}/clean`)).isFile, "the agent was given time to end by itself");
    await assert.rejects(Deno.stat(`${folder}/termed`), Deno.errors.NotFound);
  }));

Deno.test("reaper: paused agents of a killed server are resumed, so that they end by themselves or by SIGTERM", () =>
  withFolder(async (folder) => {
    const owner = await startOwner(folder, [
      "command",
      "sleep 300",
      "acp",
      `trap 'exit 0' TERM; echo > ${folder}/up; cat > /dev/null; echo > ${folder}/clean`,
    ]);
    await until("it reads", () => Deno.stat(`${folder}/up`).then(() => true, () => false));
    for (const pid of owner.pids) Deno.kill(-pid, "SIGSTOP");
    owner.process.kill("SIGKILL");
    await owner.process.status;
    await until("all gone", async () => {
      const states = await Promise.all([...owner.pids, owner.reaper].map(stateOf));
      return states.every((state) => state === undefined);
    });
    assert.ok((await Deno.stat(`${folder}/clean`)).isFile);
  }));

Deno.test("reaper: a killed reaper is replaced, and its successor knows the agents", async () => {
  const sleeper = new Deno.Command("sleep", { args: ["300"], detached: true }).spawn();
  const link = createReaperLink({
    clock: systemClock,
    instance_id: crypto.randomUUID(),
    command: REAPER_COMMAND,
    server_env: Deno.env.toObject(),
  });
  await link.ready();
  link.watch({ pid: sleeper.pid, started: Date.now() }, 0);
  const first = link.pid()!;
  Deno.kill(first, "SIGKILL");
  await until("another reaper", () => link.pid() !== undefined && link.pid() !== first);
  await link.ready();
  // Its end is that of the server, as far as the reaper can see.
  await link.close();
  const ended = await within(systemClock, 5000, sleeper.status, undefined);
  if (!ended) sleeper.kill("SIGKILL");
  assert.equal(ended?.signal, "SIGTERM");
});

Deno.test("reaper: agents are killed when their time is over, those that start after it too, until there is more", async () => {
  const started = () => new Deno.Command("sleep", { args: ["300"], detached: true }).spawn();
  const link = createReaperLink({
    clock: systemClock,
    instance_id: crypto.randomUUID(),
    command: REAPER_COMMAND,
    server_env: Deno.env.toObject(),
  });
  const sleepers: Deno.ChildProcess[] = [];
  const watched = () => {
    const child = started();
    sleepers.push(child);
    link.watch({ pid: child.pid, started: Date.now() }, 0);
    return child;
  };
  try {
    await link.ready();
    const first = watched();
    // A minute would have been enough for it, but this is called again.
    link.keepUntil(systemClock.monotonic() + 60_000);
    link.keepUntil(systemClock.monotonic() + 1_000);
    assert.equal((await first.status).signal, "SIGKILL");
    assert.equal((await watched().status).signal, "SIGKILL");
    link.keepUntil(systemClock.monotonic() + 600_000);
    const last = watched();
    assert.equal(await within(systemClock, 1_000, last.status, undefined), undefined);
  } finally {
    await link.close();
    for (const child of sleepers) await child.status;
  }
});

Deno.test("reaper: forgotten processes and reused process ids are left alone", async () => {
  const bystanders = [1, 2].map(() => new Deno.Command("sleep", { args: ["300"], detached: true }).spawn());
  const link = createReaperLink({
    clock: systemClock,
    instance_id: crypto.randomUUID(),
    command: REAPER_COMMAND,
    server_env: Deno.env.toObject(),
  });
  try {
    await link.ready();
    link.watch({ pid: bystanders[0]!.pid, started: Date.now() }, 0);
    link.forget(bystanders[0]!.pid);
    link.watch({ pid: bystanders[1]!.pid, started: Date.now() - 60_000 }, 0);
    await link.close();
    for (const { pid } of bystanders) assert.ok(await stateOf(pid));
  } finally {
    for (const bystander of bystanders) {
      bystander.kill("SIGKILL");
      await bystander.status;
    }
  }
});

Deno.test("reaper: failing to start it is an expected error", async () => {
  const link = createReaperLink({
    clock: systemClock,
    instance_id: "i",
    command: ["/nowhere/reaper"],
    server_env: {},
  });
  await assert.rejects(
    link.ready(),
    (error) => error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE",
  );
  await link.close();
});

Deno.test("reaper: started with the first agent, ended with the supervisor", async () => {
  let pid = 0;
  await withSupervisor(async (bench) => {
    const { child } = await spawnScript(bench, "sleep 300");
    const { stdout } = await new Deno.Command("ps", { args: ["axww", "-o", "pid=,ppid=,args="] }).output();
    const line = new TextDecoder().decode(stdout).split("\n")
      .find((row) => row.includes("fixtures/reaper.ts") && row.trim().split(/\s+/)[1] === String(Deno.pid));
    pid = Number(line?.trim().split(/\s+/)[0]);
    assert.ok(pid > 0);
    await child.end({ stdin_grace_ms: 0 });
  }, { reaper: true });
  assert.equal(await stateOf(pid), undefined);
});
