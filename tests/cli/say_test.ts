/** The conversation from the shell: messages sent, withdrawn and shown. */
import assert from "node:assert/strict";
import { withCli } from "./fixtures/cli.ts";

Deno.test("cli: say, conversation, task and follow: a task is talked to after its end", () =>
  withCli(async ({ run, json }) => {
    await run(["run", "demo:steps=1 demo:delay=1", "--agent", "demo", "--id", "t", "--follow"]);
    const said = await run(["say", "t", "demo:steps=2 demo:delay=1"]);
    assert.equal(
      said.stdout,
      "message m3 to task t sent: the task goes on with it, in turn 2\n",
      said.stderr,
    );
    assert.equal((await run(["follow", "t"])).code, 0);
    const piped = await run(["say", "t", "-", "--follow"], { stdin: "demo:steps=1\n\nin *Markdown*\n" });
    assert.equal(piped.code, 0, piped.stderr);
    assert.doesNotMatch(piped.stdout, /Attempt 1 /, "the log of earlier turns again");
    assert.equal(piped.stdout.match(/Task completed/g)?.length, 1, "the end of the turn before again");
    assert.match(
      piped.stdout,
      /info {2}demo:steps=1\n +\n +in \*Markdown\*\n[^]*task t completed/,
    );
    const { messages } = await json("conversation", "t");
    assert.deepEqual(messages.map(({ id, turn, role }: Record<string, unknown>) => `${id} ${turn} ${role}`), [
      "m1 1 user",
      "m2 1 agent",
      "m3 2 user",
      "m4 2 agent",
      "m5 3 user",
      "m6 3 agent",
    ]);
    const shown = await run(["conversation", "t"]);
    assert.match(
      shown.stdout,
      /^ {2}you {2}m1 {2}turn 1 [^\n]*\n {4}demo:steps=1 demo:delay=1\n {2}agent {2}m2 /,
    );
    const task = await run(["task", "t"]);
    assert.match(task.stdout, /turn\s+3\n[^]*conversation\n {2}you {2}m1[^]*All 1 steps are done/);
  }));

Deno.test("cli: a message that waits is withdrawn, one that ends the turn is told, and an empty one is refused", () =>
  withCli(async ({ run, json, taskIs }) => {
    await run(["run", "demo:steps=2 demo:hang=1", "--agent", "demo", "--id", "t"]);
    await taskIs("t", /running/);
    const { message_id, delivery } = await json("say", "t", "demo:steps=1 later");
    assert.equal(delivery, "queued");
    assert.match((await run(["task", "t"])).stdout, /waiting\s+1 message\n[^]*m2 {2}turn 2 [^\n]*waits/);
    assert.equal(
      (await run(["withdraw", "t", message_id])).stdout,
      `message ${message_id} of task t withdrawn\n`,
    );
    assert.equal((await run(["withdraw", "t", message_id])).code, 1);
    const now = await run(["say", "t", "demo:steps=1 demo:delay=1", "--now"]);
    assert.equal(now.stdout, "message m3 to task t sent: the present turn is ended for it\n");
    assert.equal((await run(["follow", "t"])).code, 0);
    const empty = await run(["say", "t", " "]);
    assert.equal(empty.code, 1);
    assert.match(empty.stderr, /The message is empty/);
    assert.equal((await run(["say", "t", "x", "--now", "--steer"])).code, 2);
  }));
