/** What a turn or a command leaves at work is named and waited for, and what the agent then does of itself counts. */
import assert from "node:assert/strict";
import { framesRequest, ran, watchRun } from "./fixtures/acp_run.ts";
import type { Frame } from "./fixtures/frames_agent.ts";
import { requestFor, stateOf, withSupervisor } from "./fixtures/harness.ts";
import { startCommand } from "../../src/agents/command/run_command.ts";
import { systemClock } from "../../src/clock/clock.ts";
import type { RunEvent } from "../../src/domain/run.ts";

const says = (text: string, messageId = "m"): Frame => ({
  update: { sessionUpdate: "agent_message_chunk", messageId, content: { type: "text", text } },
});
const done: Frame = { result: { stopReason: "end_turn" } };
const claude = (message: Record<string, unknown>): Frame => ({
  notification: "_claude/sdkMessage",
  params: { message: { type: "system", ...message } },
});
const state = (state: string) => claude({ subtype: "session_state_changed", state });
const tasks = (...tasks: string[]) =>
  claude({ subtype: "background_tasks_changed", tasks: tasks.map((task_id) => ({ task_id })) });

Deno.test("after a turn: what it leaves at work is named in the result and the log, and ended with the agent", () =>
  withSupervisor(async (bench) => {
    const frames = [says("Started."), { run: ["sleep", "477"] }, done];
    const run = await ran(bench, framesRequest(bench.folder, "generic", frames));
    assert.equal(run.outcome.status, "completed");
    const [left, ...more] = run.outcome.left_running!;
    assert.match(left!.command, /sleep 477$/);
    assert.deepEqual(more, []);
    assert.ok(left!.age_ms >= 0 && left!.age_ms < 60_000);
    assert.match(
      run.logs("warn").join("\n"),
      /Left at work, and ended with the agent: \S*sleep 477 \(pid \d+, /,
    );
    assert.equal(await stateOf(left!.pid), undefined);
  }));

Deno.test("after a turn: with nothing left at work there is nothing to wait for", () =>
  withSupervisor(async (bench) => {
    // What ends at once was not left at work.
    const frames = [says("Done."), { run: ["true"] }, done];
    const { outcome } = await ran(bench, framesRequest(bench.folder, "claude", frames));
    assert.equal(outcome.status, "completed");
    assert.equal(outcome.left_running, undefined);
  }));

Deno.test("after a turn: it waits as long as it is told to, and a stop ends the wait", () =>
  withSupervisor(async (bench) => {
    const frames: Frame[] = [says("Go."), { run: ["sh", "-c", "sleep 1; touch over"] }, done];
    const waits = framesRequest(bench.folder, "generic", frames, { wait_for_background_ms: 30_000 });
    const waited = await ran(bench, waits);
    assert.equal(waited.outcome.left_running, undefined);
    await Deno.stat(`${bench.folder}/over`);
    const waits_for = /^The turn has ended, and waits for .*sleep 1/;
    assert.ok(waited.logs("info").some((text) => waits_for.test(text)));
    assert.match(waited.all("activity").at(-1)!.current_step, waits_for);

    const endless = framesRequest(bench.folder, "generic", [{ run: ["sleep", "478"] }, done], {
      wait_for_background_ms: 600_000,
    });
    const watched = await watchRun(bench, endless);
    await watched.first("log", ({ message }) => message.startsWith("The turn has ended, and waits"));
    await watched.run.stop();
    assert.equal((await watched.run.outcome).status, "stopped");
  }));

Deno.test("after a turn: what the agent does of itself when its background has ended is heard out, and counts", () =>
  withSupervisor(async (bench) => {
    const frames = [
      state("running"),
      tasks("t1"),
      says("Started it."),
      done,
      state("idle"),
      { until: "gate" },
      tasks(),
      state("running"),
      says("It has ended well.", "m2"),
      { update: { sessionUpdate: "usage_update", used: 1, size: 2, cost: { amount: 3, currency: "USD" } } },
      state("idle"),
    ];
    const request = framesRequest(bench.folder, "claude", frames, { wait_for_background_ms: 30_000 });
    const watched = await watchRun(bench, request);
    await watched.first("log", ({ message }) => message === "Started it.");
    await Deno.writeTextFile(`${bench.folder}/gate`, "");
    const outcome = await watched.run.outcome;
    assert.deepEqual([outcome.status, outcome.output], ["completed", "It has ended well."]);
    assert.deepEqual(outcome.usage?.cost, { amount: 3, currency: "USD" });
    assert.equal(watched.all("own_turn").length, 1);
  }));

Deno.test("after a turn: one of its own counts once, and lasts as long as its calls and requests", () =>
  withSupervisor(async (bench) => {
    const calls = (status: string, kind: string): Frame => ({
      update: { sessionUpdate: kind, toolCallId: "c", title: "make", status },
    });
    const frames = [
      says("First."),
      done,
      says(" Still the first."),
      says("On with it.", "m2"),
      calls("in_progress", "tool_call"),
      // Longer than the run listens to an agent that is quiet.
      { run: ["sh", "-c", "sleep 0.4; touch made"] },
      { until: "made" },
      calls("completed", "tool_call_update"),
      says("Made.", "m3"),
    ];
    const run = await ran(bench, framesRequest(bench.folder, "generic", frames));
    assert.equal(run.outcome.output, "Made.");
    assert.equal(run.all("own_turn").length, 1);
  }));

Deno.test("after a turn: a paused task waits, whatever it waits for", () =>
  withSupervisor(async (bench) => {
    const frames: Frame[] = [{ run: ["sleep", "476"] }, done];
    const request = framesRequest(bench.folder, "generic", frames, { wait_for_background_ms: 600 });
    const watched = await watchRun(bench, request);
    await watched.first("log", ({ message }) => message.startsWith("The turn has ended, and waits"));
    await watched.run.pause();
    let isOver = false;
    void watched.run.outcome.then(() => isOver = true);
    // Another with the same wait comes to its end meanwhile.
    await ran(bench, { ...request, task: { ...request.task, id: "other" } });
    assert.equal(isOver, false);
    await watched.run.resume();
    assert.equal((await watched.run.outcome).left_running?.length, 1);
  }));

Deno.test("after a command: what outlives it is named, and ended with it", () =>
  withSupervisor(async (bench) => {
    const events: RunEvent[] = [];
    const request = requestFor(bench.folder, ["sh", "-c", "sleep 479 > /dev/null 2>&1 & exit 3"]);
    const host = { clock: systemClock, supervisor: bench.supervisor };
    const { outcome } = await startCommand(request, (event) => void events.push(event), host);
    const { status, exit_code, left_running } = await outcome;
    assert.deepEqual([status, exit_code, left_running!.map(({ command }) => command)], [
      "failed",
      3,
      ["sleep 479"],
    ]);
    assert.ok(
      events.some((e) => e.kind === "log" && e.message.startsWith("Left at work, and ended with the")),
    );
    assert.equal(await stateOf(left_running![0]!.pid), undefined);
  }));
