import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { createAgentRunner } from "../../src/agents/runner.ts";
import { REAPER_COMMAND, requestFor } from "./fixtures/harness.ts";

Deno.test("runner: a plain command from start to end, with a reaper beside it", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const runner = createAgentRunner({
    clock: systemClock,
    store_id: crypto.randomUUID(),
    instance_id: crypto.randomUUID(),
    reaper_command: REAPER_COMMAND,
    server_env: Deno.env.toObject(),
    tmp_root: `${folder}/tmp`,
    makes: BUILT_IN_MAKES,
  });
  try {
    assert.equal(await runner.endStrays(), 0);
    const task = { id: "build", prompt: "two words" };
    const request = requestFor(folder, ["printf", "%s|", "{id}", "{prompt}"], { task });
    const run = await runner.start(request, () => {});
    assert.deepEqual(await run.outcome, { status: "completed", output: "build|two words|\n", exit_code: 0 });
    assert.deepEqual([...Deno.readDirSync(`${folder}/tmp`)], []);
  } finally {
    await runner.close();
    await Deno.remove(folder, { recursive: true });
  }
});
