/** Programs that the server runs for itself: in a session of their own, ended with what they have started. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { containedPrograms, type ProgramRun } from "../../src/host/processes/contained_program.ts";
import { until } from "../fixtures/until.ts";
import { HandClock } from "../unit/fixtures/hand_clock.ts";

const env = { PATH: Deno.env.get("PATH")! };

function running(program: string, args: string[], more: Partial<ProgramRun> = {}): ProgramRun {
  return { program, args, env, bound_ms: 60_000, output_max: 10_000, ...more };
}

const isLinux = Deno.build.os === "linux";

Deno.test({
  name: "contained: a program leads a session of its own, under its own name and variables",
  ignore: !isLinux,
  async fn() {
    const run = containedPrograms(systemClock);
    const script =
      'read -r pid name state parent group session rest < /proc/self/stat; echo $pid $group $session "$0"; env';
    const ended = await run(running("sh", ["-c", script, "its name"], { env: { ...env, OWN: "kept" } }));
    assert.ok(ended.why === "ended" && ended.code === 0);
    const [first, ...variables] = new TextDecoder().decode(ended.stdout).trimEnd().split("\n");
    const [pid, group, session] = first!.split(" ");
    assert.equal(first, `${pid} ${pid} ${pid} its name`);
    assert.equal(group, session);
    assert.ok(variables.includes("OWN=kept"));
    assert.ok(
      !variables.some((line) => line.startsWith("HOME=")),
      "the server's variables are not passed on",
    );
  },
});

Deno.test("contained: a program that is not there, or is none, is an error, and its exit codes are not", async () => {
  const run = containedPrograms(systemClock);
  await assert.rejects(run(running("no-such-program", [])), Deno.errors.NotFound);
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/plain`, "");
  await assert.rejects(run(running(`${folder}/plain`, [])));
  await Deno.remove(folder, { recursive: true });
  for (const code of [126, 127]) {
    const ended = await run(running("sh", ["-c", `echo missing: nothing >&2; exit ${code}`]));
    assert.ok(ended.why === "ended");
    assert.equal(ended.code, code);
  }
});

Deno.test("contained: a program that nobody needs any more is ended at once, however soon", async () => {
  // Its time does not pass: a signal that is lost would be waited for without end.
  const run = containedPrograms(new HandClock());
  for (let soon = 0; soon < 10; soon++) {
    const controller = new AbortController();
    const ended = run(running("sleep", ["1000"], { signal: controller.signal }));
    for (let i = 0; i < soon; i++) await new Promise((resolve) => setTimeout(resolve, 0));
    controller.abort();
    assert.deepEqual(await ended, { why: "aborted" });
  }
});

Deno.test({
  name: "contained: a server that may not run the program does not run it by another",
  permissions: { run: ["setsid", "sh"], read: true, env: true },
  async fn() {
    await assert.rejects(containedPrograms(systemClock)(running("env", [])), Deno.errors.NotCapable);
  },
});

Deno.test({
  name: "contained: what a program leaves running is ended at its bound, and its own end is known",
  ignore: !isLinux,
  async fn() {
    const clock = new HandClock();
    const file = await Deno.makeTempFile();
    const ended = containedPrograms(clock)(
      running("sh", ["-c", 'sleep 1000 & echo $! $$ > "$0"; exit 3', file]),
    );
    const isThere = (pid: string) => Deno.stat(`/proc/${pid}`).then(() => true, () => false);
    const pids = async () => (await Deno.readTextFile(file)).trim().split(" ");
    await until(async () => (await pids()).length === 2 && !await isThere((await pids())[1]!));
    // The end of a later program is told after its own.
    await new Deno.Command("true").output();
    clock.pass(60_000);
    assert.deepEqual(await ended, { why: "late", code: 3 });
    await until(async () => !await isThere((await pids())[0]!));
    await Deno.remove(file);
  },
});
