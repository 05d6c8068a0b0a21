/** The real agents are ended while they wait for a person, and go on in their sessions with the answer. */
import assert from "node:assert/strict";
import type { AgentName } from "../fixtures/agents.ts";
import { longTest } from "../fixtures/tier.ts";
import { type Fields, hasEnded, withWorld, type World } from "../matrix/world.ts";

const PARKS = { permission_park_ms: 500, permission_timeout_action: "wait" };

/** What the task waits for, once its agent is gone. */
async function parked(world: World, id: string): Promise<Fields> {
  const isParked = ({ status, waiting_for }: Fields) =>
    status === "queued" && ["permission", "question"].includes((waiting_for as Fields).kind as string);
  const task = await world.becomes(id, isParked);
  await world.nothingRuns();
  return task;
}

for (const name of ["opencode", "claude", "codex"] satisfies AgentName[]) {
  longTest(
    `${name}: it gives its slot back while nobody answers, and does what was allowed after a restart`,
    () =>
      withWorld(name, async (world) => {
        await world.start("t", 'mock:bash escalate=1 times=3 cmd="echo hi > made.txt"', {
          permissions: "ask",
        });
        const { pending_permissions } = await parked(world, "t");
        const [{ permission_id }] = pending_permissions as [Fields];
        await world.killServer();
        const reply = await world.request({
          type: "respond_to_permission",
          task_id: "t",
          permission_id,
          decision: "allow",
        });
        assert.equal(reply.type, "permission_answered", JSON.stringify(reply));
        // It may run it once more, and asks then.
        await world.becomes("t", (task) => hasEnded(task) || task.pending_permissions !== undefined);
        const log = await world.log("t");
        const about = log.map(({ message }) => String(message)).filter((one) => /^Permission /.test(one));
        assert.deepEqual(about.slice(0, 3).map((one) => /^Permission \w+/.exec(one)![0]), [
          "Permission asked",
          "Permission given",
          "Permission given",
        ], JSON.stringify(about));
        assert.equal(await world.file("made.txt"), "hi");
        const { attempts } = await world.result("t");
        const [first, second] = attempts as [Fields, Fields];
        assert.deepEqual([first.outcome, second.resumed], ["interrupted", true]);
        await world.request({ type: "cancel_task", task_id: "t" });
      }, PARKS),
  );
}
