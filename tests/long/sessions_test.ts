/** The sessions of the real agents: listed, and taken up by a task in their own folder alone. */
import assert from "node:assert/strict";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { sessionsOf } from "../../src/agents/look_at_agent.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { ran } from "../agents/fixtures/acp_run.ts";
import { longTest } from "../fixtures/tier.ts";
import { withAgent } from "./fixtures/real_agent.ts";

for (const name of ["opencode", "claude", "codex"] as const) {
  longTest(
    `${name}: a session is listed, and a task goes on with it in its folder, but in no other`,
    () =>
      withAgent(name, async (bench, ask) => {
        const work = `${bench.folder}/work`;
        const first = await ran(bench, ask("mock:simple text=one"));
        assert.equal(first.outcome.status, "completed", first.outcome.failure?.message);
        const { session_id } = first.all("session")[0]!;
        const { agent } = ask("");
        const options = {
          makes: BUILT_IN_MAKES,
          tmp_root: `${bench.folder}/tmp`,
          instance_id: bench.instance_id,
        };
        const list = (folder?: string) =>
          sessionsOf(
            name,
            agent,
            { clock: systemClock, supervisor: bench.supervisor },
            options,
            folder,
            new AbortController().signal,
          );
        for (const folder of [undefined, work]) {
          const found = (await list(folder)).filter((one) => one.session_id === session_id);
          assert.deepEqual(found.map(({ working_dir }) => working_dir), [work]);
          assert.ok(found[0]!.updated_at);
        }
        assert.deepEqual(await list("/tmp"), []);

        const resume = { session_id, adopted: true };
        const second = await ran(bench, ask("mock:simple text=two", { resume }));
        assert.equal(second.outcome.status, "completed", second.outcome.failure?.message);
        assert.equal(second.outcome.output, "two");
        assert.deepEqual(second.all("session").map(({ resumed }) => resumed), [true]);

        await Deno.mkdir(`${bench.folder}/other`);
        const elsewhere = await ran(
          bench,
          ask("mock:simple", { resume, working_dir: `${bench.folder}/other` }),
        );
        assert.match(elsewhere.outcome.failure!.message, /^The agent cannot go on with session /);
        const unknown = { session_id: "00000000-0000-4000-8000-000000000000", adopted: true };
        const missing = await ran(bench, ask("mock:simple", { resume: unknown }));
        assert.equal(missing.outcome.failure?.kind, "refused");
        assert.deepEqual(missing.all("session"), []);
      }),
  );
}

longTest("gemini: it has no list of its sessions", () =>
  withAgent("gemini", async (bench, ask) => {
    const options = {
      makes: BUILT_IN_MAKES,
      tmp_root: `${bench.folder}/tmp`,
      instance_id: bench.instance_id,
    };
    const host = { clock: systemClock, supervisor: bench.supervisor };
    await assert.rejects(
      sessionsOf("gemini", ask("").agent, host, options, undefined, new AbortController().signal),
      /has no list of its sessions/,
    );
  }));
