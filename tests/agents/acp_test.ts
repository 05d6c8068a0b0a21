import { OWNER } from "../../src/domain/actor.ts";
import assert from "node:assert/strict";
import { ApiError } from "../../src/domain/errors.ts";
import {
  acpRequest,
  assertOrder,
  DEMO_COMMAND,
  misbehaving,
  progressOf,
  ran,
  watchRun,
} from "./fixtures/acp_run.ts";
import { stateOf, until, untilHeldBack, withSupervisor } from "./fixtures/harness.ts";

const demo = (folder: string, prompt: string, changes = {}) =>
  acpRequest(folder, DEMO_COMMAND, prompt, changes);

Deno.test("acp: a whole task reports session, progress, log and answer, and edits its file", () =>
  withSupervisor(async (bench) => {
    const run = await ran(bench, demo(bench.folder, "demo:steps=3 demo:delay=0"));
    assert.deepEqual(run.outcome, {
      status: "completed",
      stop_reason: "end_turn",
      output: "All 3 steps are done; the result is in demo.md.",
    });
    assertOrder(run.events, ["started", "sign", "session", "progress"]);
    const session = run.all("session")[0]!;
    assert.match(session.session_id, /^demo_/);
    assert.deepEqual([session.resumable, session.resumed], [true, false]);
    assert.deepEqual(progressOf(run), [
      "0/3 Read the request",
      "1/3 Look through the folder",
      "2/3 Plan the change",
      "3/3 -",
    ]);
    assert.equal(run.all("activity").length, 0, "the plan names the current step");
    assert.ok(run.logs("info").includes("Step 1 of 3: Read the request."));
    const edit = run.all("log").find((entry) => entry.source === "tool")!;
    assert.equal(edit.message, "Edit demo.md");
    assert.deepEqual(edit.details, {
      tool_call_id: "edit_1",
      kind: "edit",
      status: "in_progress",
      locations: [`${bench.folder}/demo.md`],
      raw_input: { file: "demo.md", step: 1 },
    });
    assert.equal((await Deno.readTextFile(`${bench.folder}/demo.md`)).split("\n").length, 4);
    assert.equal(await stateOf(run.run.pid), undefined);
  }));

Deno.test("acp: the agent asks for permission, and a client allows it", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, demo(bench.folder, "demo:steps=2 demo:delay=0 demo:ask"));
    const { request } = await watched.first("permission_requested");
    assert.equal(request.title, "Edit demo.md");
    assert.deepEqual(request.options.map((option) => option.kind), [
      "allow_once",
      "allow_always",
      "reject_once",
    ]);
    assert.equal(watched.run.answerPermission(request.permission_id, "maybe", OWNER), false);
    assert.equal(watched.run.answerPermission("other", "yes", OWNER), false);
    assert.equal(watched.run.answerPermission(request.permission_id, "yes", OWNER), true);
    assert.equal(
      watched.run.answerPermission(request.permission_id, "yes", OWNER),
      false,
      "answered already",
    );
    assert.equal((await watched.run.outcome).status, "completed");
    assert.deepEqual(watched.all("permission_settled"), [{
      kind: "permission_settled",
      permission_id: request.permission_id,
      outcome: "allow_once",
      by: "client",
    }]);
  }));

Deno.test("acp: if the agent continues after a person denied permission, the task completes with a warning", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, demo(bench.folder, "demo:steps=3 demo:delay=0 demo:ask"));
    const { request } = await watched.first("permission_requested");
    watched.run.answerPermission(request.permission_id, "no", OWNER);
    assert.equal((await watched.run.outcome).status, "completed");
    assert.ok(watched.logs("warn").includes("Finished without what was denied: Edit demo.md"));
  }));

for (
  const [permissions, by, status, error] of [
    ["deny", "policy", "failed", "Permission denied by policy: Edit demo.md"],
    // The agent goes on without it.
    ["ask", "timeout", "completed", undefined],
  ] as const
) {
  Deno.test(`acp: with a permission denied by ${by} the task is ${status}`, () =>
    withSupervisor(async (bench) => {
      const changes = { permissions, permission_timeout_ms: 50 };
      const run = await ran(bench, demo(bench.folder, "demo:steps=2 demo:delay=0 demo:ask", changes));
      assert.deepEqual([run.outcome.status, run.outcome.failure?.message], [status, error]);
      assert.deepEqual(run.all("permission_settled").map((e) => [e.outcome, e.by]), [["reject_once", by]]);
    }));
}

Deno.test("acp: permissions allowed by policy are not asked for", () =>
  withSupervisor(async (bench) => {
    const run = await ran(
      bench,
      demo(bench.folder, "demo:steps=2 demo:delay=0 demo:ask", { permissions: "allow" }),
    );
    assert.equal(run.outcome.status, "completed");
    assert.equal(run.all("permission_requested").length, 0);
    assert.deepEqual(run.all("permission_settled").map((e) => [e.outcome, e.by]), [["allow_once", "policy"]]);
  }));

Deno.test("acp: an error of the agent and a refusal fail the task", () =>
  withSupervisor(async (bench) => {
    const failing = await ran(bench, demo(bench.folder, "demo:steps=2 demo:delay=0 demo:fail"));
    assert.equal(failing.outcome.status, "failed");
    assert.match(failing.outcome.failure!.message, /The demo was asked to fail at step 2/);
    const refusing = await ran(bench, demo(bench.folder, "demo:refuse"));
    assert.equal(refusing.outcome.status, "failed");
    assert.equal(refusing.outcome.stop_reason, "refusal");
    assert.equal(
      refusing.outcome.failure?.message,
      "The model refused the request: I would rather not do that.",
    );
  }));

Deno.test("acp: stop cancels the turn, ends the agent, and may be called twice", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, demo(bench.folder, "demo:hang=1"));
    await watched.first("progress");
    await Promise.all([watched.run.stop(), watched.run.stop()]);
    const outcome = await watched.run.outcome;
    assert.deepEqual([outcome.status, outcome.stop_reason], ["stopped", "cancelled"]);
    assert.equal(await stateOf(watched.run.pid), undefined);
    await watched.run.stop();
  }));

Deno.test("acp: stop answers an open permission request and works on a paused agent", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(bench, demo(bench.folder, "demo:delay=0 demo:ask"));
    await watched.first("permission_requested");
    await watched.run.pause();
    await until("the agent is stopped", async () => await stateOf(watched.run.pid) === "T");
    await watched.run.stop();
    assert.equal((await watched.run.outcome).status, "stopped");
    assert.deepEqual(watched.all("permission_settled").map((e) => [e.outcome, e.by]), [["cancelled", "end"]]);
  }));

Deno.test("acp: a killed agent's session resumes, and its replayed history is not reported again", () =>
  withSupervisor(async (bench) => {
    const first = await watchRun(bench, demo(bench.folder, "demo:steps=4 demo:delay=0 demo:hang=3"));
    const { session_id } = await first.first("session");
    await first.first("progress", (event) => event.completed_steps === 2);
    await first.first("log", (event) => event.message.startsWith("Step 3"));
    Deno.kill(first.run.pid, "SIGKILL");
    const killed = await first.run.outcome;
    assert.equal(killed.status, "failed");
    assert.match(killed.failure!.message, /^Agent was ended by SIGKILL before the end of its turn/);

    const state = `${bench.folder}/.demo-agent/${session_id}.json`;
    await Deno.writeTextFile(state, (await Deno.readTextFile(state)).replace(" demo:hang=3", ""));
    const second = await ran(bench, demo(bench.folder, "something else", { resume: { session_id } }));
    assert.deepEqual(second.all("session"), [
      { kind: "session", session_id, opened_at: undefined, resumable: true, resumed: true },
    ]);
    assert.deepEqual(progressOf(second), ["2/4 Plan the change", "3/4 Write it down", "4/4 -"]);
    assert.equal(second.outcome.status, "completed");
    assert.equal((await Deno.readTextFile(`${bench.folder}/demo.md`)).trim().split("\n").length, 4);
  }));

Deno.test("acp: the demo agent goes on in its session after the end, and in several turns", () =>
  withSupervisor(async (bench) => {
    const quick = (file: string) => `demo:steps=1 demo:delay=0 demo:file=${file}`;
    const first = await ran(bench, demo(bench.folder, quick("a.md")), { messages: [quick("b.md")] });
    assert.match(first.outcome.output, /the result is in b\.md/);
    const { session_id } = first.all("session")[0]!;
    const again = { resume: { session_id }, earlier: { plan: [], steps: [], files: [], answer: "Done" } };
    const told = { text: quick("b.md"), mayBeTold: true };
    const second = await ran(bench, demo(bench.folder, quick("a.md"), { ...again, message: told }));
    assert.match(second.outcome.output, /the result is in b\.md/);
    const message = { text: quick("c.md"), mayBeTold: true };
    const third = await ran(bench, demo(bench.folder, quick("a.md"), { ...again, message }));
    assert.match(third.outcome.output, /the result is in c\.md/);
    assert.deepEqual(third.all("session").map(({ resumed }) => resumed), [true]);
    const lines = async (file: string) =>
      (await Deno.readTextFile(`${bench.folder}/${file}`)).trim().split("\n");
    assert.deepEqual((await Promise.all(["a.md", "b.md", "c.md"].map(lines))).map(({ length }) => length), [
      1,
      1,
      1,
    ]);
    assert.equal(await Deno.readTextFile(`${bench.folder}/.demo-agent/.gitignore`), "*\n");
  }));

Deno.test("acp: a session that cannot be resumed is replaced by a new one", () =>
  withSupervisor(async (bench) => {
    const resume = { session_id: "demo_gone" };
    const run = await ran(bench, demo(bench.folder, "demo:steps=1 demo:delay=0", { resume }));
    assert.equal(run.all("session")[0]!.resumed, false);
    assert.equal(run.outcome.status, "completed");
    assert.match(run.logs("warn")[0]!, /^The earlier session cannot be resumed, a new one begins/);
  }));

Deno.test("acp: an agent that never answers is ended after its bound", () =>
  withSupervisor(async (bench) => {
    const run = await ran(bench, acpRequest(bench.folder, misbehaving("silent"), "hello"), {
      bounds: { initialize_ms: 1000 },
    });
    assert.deepEqual([run.outcome.status, run.outcome.failure?.message], [
      "failed",
      "The agent did not answer initialize within 1 s",
    ]);
    assert.equal(await stateOf(run.run.pid), undefined);
  }));

Deno.test("acp: a question that an agent prints instead of a message is shown while it waits", () =>
  withSupervisor(async (bench) => {
    const request = acpRequest(bench.folder, misbehaving("asks"), "hello");
    const watched = await watchRun(bench, request, { bounds: { initialize_ms: 3000 } });
    const asked = await watched.first("log", ({ source }) => source === "stdout");
    assert.equal(asked.message, "Ignored on stdout, not finished: Ok to proceed? (y)");
    const { failure } = await watched.run.outcome;
    assert.equal(
      failure?.message,
      "The agent did not answer initialize within 3 s; it printed last: waiting",
    );
  }));

for (
  const [mode, error, exit_code] of [
    ["exits", "Agent exited with code 3 before it answered initialize: no account is set up", 3],
    ["usage", "Agent exited with code 2 before it answered initialize: error: unknown option --acp", 2],
    ["dies", "Agent exited with code 7 before the end of its turn: out of luck", 7],
    ["orphan", "Agent exited with code 7 before the end of its turn: out of luck", 7],
    ["endless", "The agent printed a line longer than 16777216 bytes", undefined],
    ["future", "The agent speaks version 99 of the Agent Client Protocol, this server version 1", undefined],
  ] as const
) {
  Deno.test(`acp: an agent that goes wrong is named in the error (${mode})`, () =>
    withSupervisor(async (bench) => {
      const { outcome, run } = await ran(bench, acpRequest(bench.folder, misbehaving(mode), "hello"));
      assert.deepEqual([outcome.status, outcome.failure?.message, outcome.exit_code], [
        "failed",
        error,
        exit_code,
      ]);
      if (mode === "dies") assert.equal(outcome.output, "half of the ans");
      assert.equal(await stateOf(run.pid), undefined);
    }));
}

for (
  const [mode, why, sessions] of [
    ["load-dies", "Agent exited with code 9 before it answered session/load: the transcript is corrupt", [
      false,
    ]],
    ["load-hangs", "The agent did not answer session/load within 1 s", [false]],
    [
      "load-garbage",
      "The agent did not answer session/load within 1 s; it printed last: segment 1 of 7",
      [false],
    ],
    ["load-forgets", "Session s0 not found", [true, false]],
    ["load-dies-late", "Agent exited with code 7 before the end of its turn: out of memory", [true, false]],
    ["load-refuses", "Internal error: bad history", [true, false]],
    ["load-talks", "Internal error: bad history", [true, false]],
    ["load-breaks", "Agent exited with code 8 before it answered session/new: the database is broken", [
      false,
    ]],
    ["load-settles-never", "The agent did not answer session/set_mode within 1 s", [true, false]],
  ] as const
) {
  Deno.test(`acp: a session that cannot be loaded costs only the session (${mode})`, () =>
    withSupervisor(async (bench) => {
      const request = acpRequest(bench.folder, misbehaving(mode), "hello", {
        resume: { session_id: "s0" },
        agent: { profile: "claude" },
      });
      const run = await ran(bench, request, { bounds: { load_ms: 1000, setting_ms: 1000 } });
      assert.deepEqual([run.outcome.status, run.outcome.output], ["completed", "All is well."]);
      assert.deepEqual(run.all("session").map(({ resumed }) => resumed), sessions);
      assert.ok(run.logs("warn").includes(`The earlier session cannot be loaded, a new one begins: ${why}`));
      assert.equal(await stateOf(run.run.pid), undefined);
      assert.deepEqual([...Deno.readDirSync(`${bench.folder}/tmp`)], []);
    }));
}

Deno.test("acp: an agent that does not come up to load its session is started again, and loads it", () =>
  withSupervisor(async (bench) => {
    const request = acpRequest(bench.folder, misbehaving("load-starts-once"), "hello", {
      resume: { session_id: "s0" },
    });
    const run = await ran(bench, request);
    assert.deepEqual([run.outcome.status, run.outcome.output], ["completed", "All is well."]);
    assert.deepEqual(run.all("session").map(({ resumed }) => resumed), [true]);
    assert.deepEqual(run.logs("warn").filter((line) => line.startsWith("The agent did not start")), [
      "The agent did not start, it is started again: " +
      "Agent exited with code 6 before it answered initialize: the database is locked",
    ]);
  }));

Deno.test("acp: a failure that the agent hides at the first prompt costs only the session", () =>
  withSupervisor(async (bench) => {
    const request = acpRequest(bench.folder, misbehaving("load-hides"), "hello", {
      resume: { session_id: "s0" },
      agent: { profile: "codex" },
    });
    const run = await ran(bench, request);
    assert.deepEqual([run.outcome.status, run.outcome.output], ["completed", "All is well."]);
    assert.deepEqual(run.all("session").map(({ resumed }) => resumed), [true, false]);
  }));

Deno.test("acp: what an agent replays after its reply is history too", () =>
  withSupervisor(async (bench) => {
    const request = acpRequest(bench.folder, misbehaving("load-late"), "hello", {
      resume: { session_id: "s0" },
      agent: { profile: "gemini" },
    });
    const run = await ran(bench, request);
    assert.deepEqual([run.outcome.status, run.outcome.output], ["completed", "All is well."]);
    assert.deepEqual(
      run.all("log").filter(({ source }) => source === "agent").map(({ message }) => message),
      [
        "All is well.",
      ],
    );
  }));

Deno.test("acp: a new session is told what was done in the lost one", () =>
  withSupervisor(async (bench) => {
    const watched = await watchRun(
      bench,
      demo(bench.folder, "demo:steps=1 demo:hang=1", {
        resume: { session_id: "demo_gone" },
        earlier: { stopped: "it was killed", plan: [], steps: ["Edit a.ts: completed"], files: ["a.ts"] },
      }),
    );
    const { session_id, resumed } = await watched.first("session");
    await watched.first("progress");
    assert.equal(resumed, false);
    const { prompt } = JSON.parse(await Deno.readTextFile(`${bench.folder}/.demo-agent/${session_id}.json`));
    assert.match(
      prompt,
      /^demo:steps=1 demo:hang=1\nYou began this task in an earlier session.*it was killed/,
    );
    assert.match(prompt, /Files that were changed\n- a\.ts\n\nThe last steps\n- Edit a\.ts: completed/);
    await watched.run.stop();
  }));

for (
  const [mode, kind] of [["exits", "command_failed"], ["dies", "agent_crashed"], [
    "login",
    "needs_login",
  ]] as const
) {
  Deno.test(`acp: the kind of a failure is ${kind} (${mode})`, () =>
    withSupervisor(async (bench) => {
      const { outcome } = await ran(bench, acpRequest(bench.folder, misbehaving(mode), "hello"));
      assert.equal(outcome.failure?.kind, kind);
    }));
}

Deno.test("acp: trouble with the model at the first prompt does not cost the session", () =>
  withSupervisor(async (bench) => {
    const request = acpRequest(bench.folder, misbehaving("load-overloaded"), "hello", {
      resume: { session_id: "s0" },
    });
    const { all, outcome } = await ran(bench, request);
    assert.deepEqual([outcome.status, outcome.failure?.kind], ["failed", "overloaded"]);
    assert.deepEqual(all("session").map(({ resumed }) => resumed), [true]);
  }));

Deno.test("acp: an agent that replays a long session takes its time", () =>
  withSupervisor(async (bench) => {
    const request = acpRequest(bench.folder, misbehaving("load-slow"), "hello", {
      resume: { session_id: "s0" },
    });
    const run = await ran(bench, request, { bounds: { load_ms: 1000 } });
    assert.deepEqual([run.outcome.status, run.outcome.output], ["completed", "All is well."]);
    assert.deepEqual(run.all("session").map(({ resumed }) => resumed), [true]);
  }));

Deno.test("acp: an agent that dies at its work in a loaded session does not begin anew", () =>
  withSupervisor(async (bench) => {
    const changes = { resume: { session_id: "s0" } };
    const { outcome } = await ran(
      bench,
      acpRequest(bench.folder, misbehaving("load-works-first"), "hello", changes),
    );
    assert.equal(
      outcome.failure?.message,
      "Agent exited with code 7 before the end of its turn: out of memory",
    );
  }));

Deno.test("acp: a run that is stopped while its agent hangs over a session begins no new one", () =>
  withSupervisor(async (bench) => {
    const request = acpRequest(bench.folder, misbehaving("load-hangs"), "hello", {
      resume: { session_id: "s0" },
    });
    const watched = await watchRun(bench, request);
    const { pid } = watched.run;
    await watched.first("sign");
    await watched.run.stop();
    assert.equal((await watched.run.outcome).status, "stopped");
    assert.deepEqual([watched.run.pid, await stateOf(pid)], [pid, undefined]);
  }));

Deno.test("acp: an agent that wants a login says how to get one", () =>
  withSupervisor(async (bench) => {
    const changes = { agent: { profile: "opencode" as const } };
    const { outcome } = await ran(bench, acpRequest(bench.folder, misbehaving("login"), "hello", changes));
    assert.match(
      outcome.failure!.message,
      /^The agent wants a login: Authentication required.*opencode auth login/,
    );
  }));

Deno.test("acp: garbage on stdout is logged and skipped", () =>
  withSupervisor(async (bench) => {
    const run = await ran(bench, acpRequest(bench.folder, misbehaving("garbage"), "hello"));
    assert.deepEqual([run.outcome.status, run.outcome.output], ["completed", "All is well."]);
    assert.deepEqual(run.logs("warn"), [
      "Ignored on stdout, not an ACP message: Welcome to the agent!",
      "Ignored on stdout, not an ACP message: \ufffd\ufffdA",
      "Ignored on stdout, not an ACP message: [1, 2]",
      "Ignored on stdout, not an ACP message: null",
      `Ignored on stdout, answers no open request: {"jsonrpc":"2.0","id":null,"result":{}}`,
    ]);
  }));

Deno.test("acp: the first of two answers counts", () =>
  withSupervisor(async (bench) => {
    const run = await ran(bench, acpRequest(bench.folder, misbehaving("twice"), "hello"));
    assert.deepEqual([run.outcome.status, run.outcome.output], ["completed", "All is well."]);
    assert.match(run.logs("warn")[0]!, /answers no open request/);
  }));

Deno.test("acp: a slow listener holds the agent back", () =>
  withSupervisor(async (bench) => {
    const blocked = Promise.withResolvers<void>();
    const watched = await watchRun(bench, acpRequest(bench.folder, misbehaving("floods"), "hello"), {
      hold: (event) => event.kind === "log" ? blocked.promise : undefined,
    });
    await watched.first("log");
    const flooded = () => Deno.stat(`${bench.folder}/flooded`).then(() => true, () => false);
    // Eight megabytes fit into no pipe.
    await untilHeldBack(watched.run.pid);
    assert.equal(await flooded(), false);
    blocked.resolve();
    const outcome = await watched.run.outcome;
    assert.equal(await flooded(), true);
    assert.equal(outcome.status, "completed");
    assert.ok(new TextEncoder().encode(outcome.output).length <= 32 * 1024);
    assert.ok(outcome.output.endsWith("All is well."));
  }));

Deno.test("acp: a missing program is refused with what to install", () =>
  withSupervisor(async (bench) => {
    const request = acpRequest(bench.folder, ["/nowhere/opencode", "acp"], "hello");
    await assert.rejects(
      () => ran(bench, request),
      (error) =>
        error instanceof ApiError && /npm install -g opencode-ai/.test(String(error.details.install)),
    );
  }));

Deno.test("an answer and the timeout that meet: one settles the request, and the other is told so", () =>
  withSupervisor(async (bench) => {
    let taken = 0;
    const watched = await watchRun(
      bench,
      acpRequest(bench.folder, DEMO_COMMAND, "demo:steps=2 demo:delay=0 demo:ask", {
        permission_timeout_ms: 40,
      }),
    );
    const { request } = await watched.first("permission_requested");
    for (const end = Date.now() + 500; Date.now() < end;) {
      if (Date.now() < Date.parse(request.expires_at!)) continue;
      if (watched.run.answerPermission(request.permission_id, "yes", OWNER)) taken++;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await watched.run.outcome;
    const settled = watched.all("permission_settled").map((event) => event.by);
    assert.deepEqual(settled, taken === 1 ? ["client"] : ["timeout"]);
  }));
