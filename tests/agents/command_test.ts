import { OWNER } from "../../src/domain/actor.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { systemClock } from "../../src/clock/clock.ts";
import type { RunEvent, RunOutcome } from "../../src/domain/run.ts";
import { createActivity } from "../../src/agents/reporting/activity.ts";
import { fillCommand } from "../../src/agents/command/fill_command.ts";
import { mayBeProgress, progressOf } from "../../src/agents/command/progress_line.ts";
import { outcomeOf, startCommand } from "../../src/agents/command/run_command.ts";
import { createOutputTail, MAX_OUTPUT_BYTES } from "../../src/agents/reporting/output_tail.ts";
import { pidIn, requestFor, stateOf, until, untilHeldBack, withSupervisor } from "./fixtures/harness.ts";

interface Result {
  events: RunEvent[];
  outcome: RunOutcome;
}

/** Runs `script` to its end. */
async function runScript(script: string): Promise<Result> {
  const events: RunEvent[] = [];
  let outcome: RunOutcome | undefined;
  await withSupervisor(async ({ supervisor, folder }) => {
    const host = { clock: systemClock, supervisor };
    const run = await startCommand(requestFor(folder, ["sh", "-c", script]), (event) => {
      events.push(event);
    }, host);
    outcome = await run.outcome;
  });
  return { events, outcome: outcome! };
}

const logs = (events: RunEvent[], source: string) =>
  events.flatMap((event) => event.kind === "log" && event.source === source ? [event] : []);

Deno.test("command: placeholders are replaced once, within their argument, and never in the program's name", () => {
  const task = { id: "t1", type: "testing", description: "a {prompt} $(x)", prompt: "p; rm -rf {id}\0" };
  assert.deepEqual(
    fillCommand(
      ["{id}", "--do={description}", "{prompt}", "{type}:{id}", "{files_pattern}", "{other}"],
      task,
    ),
    ["{id}", "--do=a {prompt} $(x)", "p; rm -rf {id}\ufffd", "testing:t1", "", "{other}"],
  );
});

Deno.test("command: any text leaves the number of arguments unchanged and arrives whole", () => {
  const name = fc.constantFrom("id", "type", "description", "prompt", "files_pattern");
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom("{id}", "{prompt}", " ", "'", "$&", "$1", "-"), fc.string()),
  });
  fc.assert(fc.property(
    fc.record({ id: text, type: text, description: text, prompt: text, files_pattern: text }),
    fc.array(name),
    (task, names) => {
      const filled = fillCommand(["run", ...names.map((name) => `<{${name}}>`)], task);
      assert.deepEqual(filled, ["run", ...names.map((name) => `<${task[name].replaceAll("\0", "\ufffd")}>`)]);
    },
  ));
});

Deno.test("command: what a task says is never an option of the program", () => {
  const task = {
    id: "t1",
    type: "testing",
    description: "-x",
    prompt: "--yolo\n- do it",
    files_pattern: "-rf",
  };
  assert.deepEqual(
    fillCommand(
      ["run", "-p", "{prompt}", "{description}", "--note={prompt}", "{files_pattern}", "{model}"],
      task,
      {
        model: "--yolo",
      },
    ),
    ["run", "-p", " --yolo\n- do it", " -x", "--note=--yolo\n- do it", "./-rf", " --yolo"],
  );
});

Deno.test("command: the task's model is passed on, and an argument for it is left out if there is none", () => {
  const task = { id: "t1", type: "testing", description: "d", prompt: "p" };
  const command = ["run", "--model={model}", "{prompt}"];
  assert.deepEqual(fillCommand(command, task, { model: "m {id}" }), ["run", "--model=m {id}", "p"]);
  assert.deepEqual(fillCommand(command, task), ["run", "p"]);
  const all = ["run", "{model}/{effort}", "--mode={mode}", "-"];
  assert.deepEqual(fillCommand(all, task, { model: "m", effort: "e", mode: "x" }), [
    "run",
    "m/e",
    "--mode=x",
    "-",
  ]);
  assert.deepEqual(fillCommand(all, task, { model: "m", mode: "x" }), ["run", "--mode=x", "-"]);
});

Deno.test("command: what a task asks for and a command does not heed is said in the log, once, at the start", () =>
  withSupervisor(async ({ supervisor, folder }) => {
    const said = async (args: string[], changes: Parameters<typeof requestFor>[2]) => {
      const events: RunEvent[] = [];
      const request = requestFor(folder, ["sh", "-c", 'echo "$TASK_MODEL $1"', ...args], changes);
      const run = await startCommand(request, (event) => {
        events.push(event);
      }, { clock: systemClock, supervisor });
      await run.outcome;
      return {
        warnings: logs(events, "command").map(({ message }) => message),
        output: logs(events, "stdout"),
      };
    };
    const { warnings, output } = await said([], { model: "big", permissions: "deny" });
    assert.match(
      warnings[0]!,
      /^The model 'big' may have no effect: the command of agent 'checks' has no \{model\}/,
    );
    assert.match(warnings[1]!, /^permissions: "deny" has no effect: agent 'checks' is a command/);
    assert.equal(warnings.length, 2);
    assert.equal(output[0]!.message, "big ");
    const more = await said([], { effort: "high", mode: "plan", permissions: "allow" });
    assert.deepEqual(more.warnings.map((text) => /^The (.*) may .* TASK_(\w+) only$/.exec(text)?.slice(1)), [
      ["effort 'high'", "EFFORT"],
      ["mode 'plan'", "MODE"],
    ]);
    const kept = await said(["-", "{model}"], { model: "big", permissions: "ask" });
    assert.deepEqual([kept.warnings, kept.output[0]!.message], [[], "big big"]);
    const asked = await said([], { permissions: "ask", namesPermissions: true });
    assert.match(asked.warnings.join(), /permissions: "ask" has no effect/);
    assert.deepEqual((await said([], { permissions: "allow", namesPermissions: true })).warnings, []);
  }));

Deno.test("command: only a well-formed progress line is progress", () => {
  assert.deepEqual(progressOf('{"progress":{"completed_steps":3,"total_steps":5,"current_step":"lint"}}'), {
    kind: "progress",
    completed_steps: 3,
    total_steps: 5,
    current_step: "lint",
  });
  const two_of_five = { kind: "progress", completed_steps: 2, total_steps: 5 };
  const steps = '"completed_steps": 2, "total_steps": 5';
  for (
    const line of [
      `  {"progress": {${steps}}} `,
      `{"progress":{${steps},"current_step":null}}`,
      `{"progress":{${steps},"percent":40}}`,
    ]
  ) assert.deepEqual(progressOf(line), two_of_five, line);
  for (
    const line of [
      `{"progress":{${steps}},"result":1}`,
      '{"progress":{"completed_steps":6,"total_steps":5}}',
      '{"progress":{"completed_steps":-1,"total_steps":5}}',
      '{"progress":{"completed_steps":1.5,"total_steps":5}}',
      '{"progress":{"completed_steps":"1","total_steps":5}}',
      '{"progress":null}',
      '{"progress":',
      '"progress"',
    ]
  ) assert.equal(progressOf(line), undefined, line);
});

Deno.test("command: an unfinished line is held back only while it may become progress", () => {
  for (const text of ["{", '{"prog', ' { "progress" : {', '{"progress":{"completed_steps":3']) {
    assert.equal(mayBeProgress(text), true, text);
  }
  for (const text of ["", "Name: ", '{"prompt": "Password? "', '{"progress": null', "[{"]) {
    assert.equal(mayBeProgress(text), false, text);
  }
});

Deno.test("command: stdout is info, stderr is warn, progress is no log entry, exit 0 completes", async () => {
  const { events, outcome } = await runScript(
    `echo one; echo '{"progress":{"completed_steps":1,"total_steps":2}}'; echo bad >&2; printf last`,
  );
  assert.equal(events[0]?.kind, "started");
  assert.deepEqual(logs(events, "stdout").map((entry) => [entry.level, entry.message]), [
    ["info", "one"],
    ["info", "last"],
  ]);
  assert.deepEqual(logs(events, "stderr").map((entry) => [entry.level, entry.message]), [["warn", "bad"]]);
  assert.deepEqual(events.filter((event) => event.kind === "progress"), [
    { kind: "progress", completed_steps: 1, total_steps: 2 },
  ]);
  assert.deepEqual(outcome, {
    status: "completed",
    output: "one\nlast\n",
    exit_code: 0,
  });
});

Deno.test("command: a line that only changes colors is no log entry, an empty line is one", async () => {
  const { events } = await runScript(`printf '\\033[0m\\n\\na\\033[0m\\n'`);
  assert.deepEqual(logs(events, "stdout").map(({ message }) => message), ["", "a\x1b[0m"]);
});

Deno.test("command: stdin is closed, so that a program that reads it does not wait", async () => {
  const { outcome } = await runScript("cat; echo read all");
  assert.equal(outcome.output, "read all\n");
});

Deno.test("command: another exit code fails with the last line of stderr", async () => {
  const { outcome } = await runScript("echo first >&2; echo 'no such thing' >&2; echo >&2; exit 3");
  assert.deepEqual(outcome, {
    status: "failed",
    failure: { kind: "command_failed", message: "Exit code 3: no such thing" },
    output: "",
    exit_code: 3,
  });
  assert.equal(outcomeOf({ code: 1, signal: null }, "", "").failure?.message, "Exit code 1");
  assert.equal([...outcomeOf({ code: 1, signal: null }, "𝄞".repeat(5000), "").failure!.message].length, 1000);
});

Deno.test("command: a coding agent that prints its limit when it fails is refused until then, no other program", async () => {
  const failed = async (script: string) => {
    const { failure, refusal } = (await runScript(script)).outcome;
    return [failure?.kind, refusal?.until];
  };
  const limited = ["provider_limit", "2030-03-17T17:46:40.000Z"];
  assert.deepEqual(await failed("echo 'Claude AI usage limit reached|1900000000'; exit 1"), limited);
  const hit = "echo 'You have hit your usage limit, try again at 2030-03-17T17:46:40Z' >&2";
  assert.deepEqual(await failed(`${hit}; exit 1`), limited);
  assert.deepEqual(await failed(`${hit}; exit 0`), [undefined, undefined], "it has ended well");
  const other = ["command_failed", undefined];
  assert.deepEqual(
    await failed("echo 'test failed: 429 Too Many Requests, retry after 30 s'; exit 1"),
    other,
  );
  assert.deepEqual(await failed("echo 'usage limit reached'; exit 1"), other, "it does not say until when");
});

Deno.test("command: a program ended by a signal fails with the signal's name", async () => {
  const { outcome } = await runScript("kill -SEGV $$");
  assert.equal(outcome.status, "failed");
  assert.equal(outcome.failure?.message, "Killed by SIGSEGV");
});

Deno.test("command: the reason is not the last line of stderr if that says nothing, else what stdout says", async () => {
  const notice = "echo npm notice >&2";
  const failed = async (script: string) => (await runScript(`${script}; exit 1`)).outcome.failure?.message;
  assert.equal(await failed(`echo 'no such file' >&2; ${notice}`), "Exit code 1: no such file");
  assert.equal(await failed(`echo '2 tests failed'; ${notice}`), "Exit code 1: 2 tests failed");
  assert.equal(await failed(notice), "Exit code 1: npm notice");
  assert.match(
    (await runScript("sh -c 'kill -9 $$'; exit $?")).outcome.failure!.message,
    /^Exit code 137 \(SIGKILL\)/,
  );
});

Deno.test("command: output that is no line is a sign of life, and is shown while the program waits", () =>
  withSupervisor(async ({ supervisor, folder }) => {
    const events: RunEvent[] = [];
    const script =
      "printf 'Name? '; while ! [ -e answered ]; do sleep 0.05; done; echo Ann; printf '50%%\\r100%%\\n'";
    const run = await startCommand(requestFor(folder, ["sh", "-c", script]), (event) => {
      events.push(event);
    }, { clock: systemClock, supervisor });
    await until("the question is shown", () => logs(events, "stdout").length > 0);
    assert.ok(events.some(({ kind }) => kind === "sign"));
    await Deno.writeTextFile(`${folder}/answered`, "");
    assert.equal((await run.outcome).output, "Name? Ann\n100%\n");
    assert.deepEqual(logs(events, "stdout").map(({ message }) => message), ["Name? ", "Ann", "100%"]);
  }));

Deno.test("command: handles megabytes, missing line ends, and bytes that are not UTF-8", async () => {
  const { events, outcome } = await runScript(
    `head -c 3000000 /dev/zero | tr '\\0' x; printf '\\377\\303\\251'`,
  );
  const messages = logs(events, "stdout").map((entry) => entry.message);
  assert.ok(messages.every((message) => new TextEncoder().encode(message).length <= 16 * 1024));
  assert.equal(messages.join(""), "x".repeat(3_000_000) + "\ufffdé");
  assert.ok(new TextEncoder().encode(outcome.output).length <= MAX_OUTPUT_BYTES);
  assert.ok(outcome.output.endsWith("x\ufffdé\n"));
});

Deno.test("command: the last stdout line is the activity, until there is a plan", async () => {
  const { events } = await runScript("for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done");
  const steps = events.flatMap((event) => event.kind === "activity" ? [event.current_step] : []);
  assert.equal(steps[0], "line 1");
  assert.equal(steps.at(-1), "line 9");
  assert.ok(steps.length <= 4, "not one for each line");
  const planned = await runScript(
    `echo '{"progress":{"completed_steps":0,"total_steps":2,"current_step":"plan"}}'; echo chatter`,
  );
  assert.ok(!planned.events.some((event) => event.kind === "activity"));
});

Deno.test("command: activity is reported at most every half second, and its last text at the end", async () => {
  const timers: (() => void)[] = [];
  const clock = {
    ...systemClock,
    after: (_ms: number, action: () => void) => {
      timers.push(action);
      return { cancel: () => timers.splice(timers.indexOf(action), 1) };
    },
  };
  const told: string[] = [];
  const activity = createActivity(clock, (text) => void told.push(text));
  for (const text of ["a", "b", "c"]) activity.set(text);
  assert.deepEqual(told, ["a"]);
  timers.shift()!();
  assert.deepEqual(told, ["a", "c"]);
  activity.set("d");
  await activity.end();
  assert.deepEqual(told, ["a", "c", "d"]);
  assert.deepEqual(timers, []);
});

Deno.test("command: stop ends the tree and the outcome is stopped; stopping again is harmless", () =>
  withSupervisor(async ({ supervisor, folder }) => {
    const script = `setsid sh -c 'echo $$ > ${folder}/far; sleep 300' & echo up; sleep 300`;
    const run = await startCommand(requestFor(folder, ["sh", "-c", script]), () => {}, {
      clock: systemClock,
      supervisor,
    });
    const far = await pidIn(`${folder}/far`);
    await Promise.all([run.stop(), run.stop()]);
    const outcome = await run.outcome;
    assert.deepEqual([outcome.status, outcome.output], ["stopped", "up\n"]);
    assert.equal(await stateOf(far), undefined);
    await run.stop();
    assert.equal(run.answerPermission("x", "y", OWNER), false);
  }));

Deno.test("command: a slow listener slows the program down; a throwing listener does not", () =>
  withSupervisor(async ({ supervisor, folder }) => {
    const host = { clock: systemClock, supervisor };
    const gate = Promise.withResolvers<void>();
    let lines = 0;
    const script = `i=0; while [ $i -lt 30000 ]; do echo "line $i"; i=$((i+1)); done; echo > ${folder}/done`;
    const run = await startCommand(requestFor(folder, ["sh", "-c", script]), (event) => {
      if (event.kind !== "log") return;
      lines++;
      return gate.promise;
    }, host);
    await until("it prints", () => lines > 0);
    await untilHeldBack(run.pid);
    assert.equal(lines, 1);
    await assert.rejects(Deno.stat(`${folder}/done`), Deno.errors.NotFound);
    gate.resolve();
    assert.equal((await run.outcome).status, "completed");
    assert.equal(lines, 30_000);
    const failing = await startCommand(requestFor(folder, ["sh", "-c", "echo a; echo b"]), () => {
      throw new Error("a bug");
    }, host);
    assert.equal((await failing.outcome).output, "a\nb\n");
  }));

Deno.test("output tail: keeps the end of any text, cut between characters", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ unit: fc.constantFrom("x", "é", "€", "𝄞\n"), times: fc.nat(9000) }), {
        maxLength: 12,
      }),
      (parts) => {
        const tail = createOutputTail();
        const whole = parts.map(({ unit, times }) => unit.repeat(times));
        for (const part of whole) tail.add(part);
        const kept = tail.text();
        const length = new TextEncoder().encode(kept).length;
        assert.ok(whole.join("").endsWith(kept));
        assert.ok(length <= MAX_OUTPUT_BYTES);
        const total = new TextEncoder().encode(whole.join("")).length;
        assert.ok(length >= Math.min(total, MAX_OUTPUT_BYTES - 3));
      },
    ),
    { numRuns: 50 },
  );
});
