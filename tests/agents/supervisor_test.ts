import assert from "node:assert/strict";
import { commonVariables, unproxied } from "../../src/host/processes/common_variables.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { readLines } from "../../src/agents/reporting/lines.ts";
import {
  pidIn,
  requestFor,
  spawnScript,
  stateOf,
  until,
  untilHeldBack,
  withSupervisor,
} from "./fixtures/harness.ts";

for (const groups of [true, false]) {
  Deno.test(`supervisor: nothing starts in a folder that became a link after its check: groups ${groups}`, () =>
    withSupervisor(async (bench) => {
      const { folder } = bench;
      for (const name of ["outside/inner", "above/inner"]) {
        await Deno.mkdir(`${folder}/${name}`, { recursive: true });
      }
      const working_dir = `${folder}/above/inner`;
      const started = async () => {
        const { child, stdout, stderr } = await spawnScript(bench, "pwd -P; echo $OLDPWD; touch here", {
          working_dir,
        });
        const { code } = await child.status;
        await child.end({ stdin_grace_ms: 0 });
        return { code, stdout: await stdout, stderr: await stderr };
      };
      assert.deepEqual(await started(), { code: 0, stdout: `${working_dir}\n\n`, stderr: "" });
      await Deno.rename(`${folder}/above`, `${folder}/before`);
      await Deno.symlink(`${folder}/outside`, `${folder}/above`);
      const { code, stdout, stderr } = await started();
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, /was replaced after it had been checked: it leads to .*\/outside\/inner/);
      assert.deepEqual([...Deno.readDirSync(`${folder}/outside/inner`)], []);
    }, { groups }));
}

Deno.test("supervisor: grandchildren in their own sessions end with the agent", () =>
  withSupervisor(async (bench) => {
    const { folder } = bench;
    const { child } = await spawnScript(
      bench,
      `setsid sh -c 'echo $$ > ${folder}/far; sleep 300' &
       sh -c 'echo $$ > ${folder}/near; sleep 300' &
       sleep 300`,
    );
    const far = await pidIn(`${folder}/far`);
    const near = await pidIn(`${folder}/near`);
    await child.end({ stdin_grace_ms: 0 });
    assert.deepEqual([await stateOf(child.pid), await stateOf(far), await stateOf(near)], [
      undefined,
      undefined,
      undefined,
    ]);
    assert.equal((await child.status).signal, "SIGTERM");
  }));

Deno.test("supervisor: a stray that forked twice into its own session is found by its environment", () =>
  withSupervisor(async (bench) => {
    const { folder } = bench;
    // The middle process ends at once, so no chain of parents leads from the leader to the stray.
    const { child } = await spawnScript(
      bench,
      `setsid sh -c "sh -c 'echo \\$\\$ > ${folder}/stray; sleep 300' > /dev/null 2>&1 &" ; exit 0`,
    );
    const stray = await pidIn(`${folder}/stray`);
    await child.status;
    assert.ok(await stateOf(stray), "it outlives the leader");
    await child.end();
    assert.equal(await stateOf(stray), undefined);
  }));

Deno.test("supervisor: a process that only mentions the marks in its arguments is left alone", () =>
  withSupervisor(async (bench) => {
    const marks = [`OPENCODE_AGENTS_INSTANCE=${bench.instance_id}`, "TASK_ID=task-1", "TASK_ATTEMPT=1"];
    const bystander = new Deno.Command("sh", { args: ["-c", "read line", ...marks], stdin: "piped" }).spawn();
    try {
      const { child } = await spawnScript(bench, "sleep 300");
      await child.end({ stdin_grace_ms: 0 });
      assert.ok(await stateOf(bystander.pid));
    } finally {
      await bystander.stdin.close();
      await bystander.status;
    }
  }));

Deno.test("supervisor: SIGKILL follows for a tree that ignores SIGTERM", () =>
  withSupervisor(async (bench) => {
    const { folder } = bench;
    const { child } = await spawnScript(
      bench,
      `trap '' TERM; sh -c 'trap "" TERM; echo $$ > ${folder}/inner; while :; do sleep 0.2; done' &
       while :; do sleep 0.2; done`,
    );
    const inner = await pidIn(`${folder}/inner`);
    const before = performance.now();
    await child.end({ stdin_grace_ms: 0, kill_after_ms: 600 });
    assert.ok(performance.now() - before >= 600, "not before its time is up");
    assert.equal((await child.status).signal, "SIGKILL");
    assert.equal(await stateOf(inner), undefined);
  }));

Deno.test("supervisor: tries the graceful step, then closes stdin; a process that obeys gets no signal", () =>
  withSupervisor(async (bench) => {
    const { child, stdout } = await spawnScript(
      bench,
      `trap 'echo termed' TERM; while read line; do echo "got $line"; done; echo closed; exit 7`,
    );
    const writer = child.stdin.getWriter();
    await child.end({ graceful: () => writer.write(new TextEncoder().encode("cancel\n")) });
    assert.deepEqual(await child.status, { code: 7, signal: null });
    assert.equal(await stdout, "got cancel\nclosed\n");
  }));

Deno.test("supervisor: a graceful step that hangs or fails delays nothing", () =>
  withSupervisor(async (bench) => {
    for (const graceful of [() => Promise.reject(new Error("no")), () => new Promise<void>(() => {})]) {
      const { child } = await spawnScript(bench, "sleep 300");
      await child.end({ graceful, stdin_grace_ms: 50 });
      assert.equal((await child.status).signal, "SIGTERM");
    }
  }));

Deno.test("supervisor: pause stops the whole tree, resume continues it, and a paused tree can be ended", () =>
  withSupervisor(async (bench) => {
    const { folder } = bench;
    const { child } = await spawnScript(
      bench,
      `setsid sh -c 'echo $$ > ${folder}/far; while :; do sleep 0.05; done' & while :; do sleep 0.05; done`,
    );
    const far = await pidIn(`${folder}/far`);
    await child.pause();
    await until("both stopped", async () => await stateOf(child.pid) === "T" && await stateOf(far) === "T");
    await child.resume();
    await until("both go on", async () => await stateOf(child.pid) !== "T" && await stateOf(far) !== "T");
    await child.pause();
    await child.end({ stdin_grace_ms: 0, kill_after_ms: 8000 });
    assert.equal((await child.status).signal, "SIGTERM");
    assert.equal(await stateOf(far), undefined);
  }));

Deno.test("supervisor: when the agent ends by itself, its remaining processes are ended and its pipe does not hang", () =>
  withSupervisor(async (bench) => {
    const { folder } = bench;
    const { child, stdout } = await spawnScript(
      bench,
      // The second one loses its marks, parent, group and session, and still holds the pipe.
      `sh -c 'echo $$ > ${folder}/left; sleep 300' &
       setsid env -i PATH="$PATH" sh -c 'sh -c "echo \\$\\$ > ${folder}/escaped; exec sleep 300" & exit 0' &
       while [ ! -s ${folder}/escaped ] || [ ! -s ${folder}/left ]; do sleep 0.02; done
       echo done`,
    );
    const left = await pidIn(`${folder}/left`);
    const escaped = await pidIn(`${folder}/escaped`);
    await child.status;
    await child.end();
    assert.equal(await stdout, "done\n");
    assert.equal(await stateOf(escaped), "S", "it does not wait for the escaped one");
    assert.equal(await stateOf(left), undefined);
    await new Deno.Command("kill", { args: [String(escaped)], stderr: "null" }).output();
  }, { groups: false }));

Deno.test("supervisor: megabytes of output wait for a slow reader and arrive whole", () =>
  withSupervisor(async (bench) => {
    const command = ["sh", "-c", "head -c 8000000 /dev/zero | tr '\\0' x; echo; echo end"];
    const child = await bench.supervisor.spawn({ command, request: requestFor(bench.folder, command) });
    const gate = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    let length = 0;
    let last = "";
    const read = readLines(child.stdout, (text) => {
      length += text.length;
      last = text;
      first.resolve();
      return gate.promise;
    });
    const errors = readLines(child.stderr, () => {});
    await first.promise;
    // It fails if the program has ended.
    await untilHeldBack(child.pid);
    gate.resolve();
    await child.status;
    await child.end();
    await Promise.all([read, errors]);
    assert.deepEqual([length, last], [8_000_003, "end"]);
  }));

Deno.test("supervisor: the agent gets no variable of its launcher's", () =>
  withSupervisor(async (bench) => {
    const command = ["env"];
    const child = await bench.supervisor.spawn({ command, request: requestFor(bench.folder, command) });
    const [text] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    await child.end();
    const names = text.trim().split("\n").map((line) => line.split("=", 1)[0]!);
    const given = /^(PATH|LANG|TMPDIR|(TASK|OPENCODE_AGENTS)_[A-Z_]+)$/;
    assert.deepEqual(names.filter((name) => !given.test(name)), []);
    assert.ok(names.includes("LANG"));
  }, { server_env: { PATH: Deno.env.get("PATH")!, LANG: "C.UTF-8" } }));

Deno.test("supervisor: the agent gets the given environment and nothing of the server's", () =>
  withSupervisor(async (bench) => {
    const command = ["env", "-0"];
    const request = requestFor(bench.folder, command, {
      env: { FROM_TASK: "task", BOTH: "task", TASK_ID: "forged" },
      attempt: 3,
      task: { id: "t-9", type: "testing", description: "d\0d", prompt: "p\nq", files_pattern: "**/*.ts" },
      agent: { env: { FROM_AGENT: "agent", BOTH: "agent" }, pass_env: ["PASSED", "NOT_SET"] },
    });
    const child = await bench.supervisor.spawn({
      command,
      request,
      defaults: { HABIT: "x", FROM_AGENT: "y" },
    });
    const [text] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    const env = Object.fromEntries(
      text.split("\0").filter((pair) => pair !== "").map((pair) => {
        const at = pair.indexOf("=");
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
    );
    const { TMPDIR, ...rest } = env;
    assert.deepEqual(rest, {
      PATH: Deno.env.get("PATH"),
      HOME: "/nowhere",
      LANG: "C.UTF-8",
      LC_ALL: "C.UTF-8",
      TZ: "Europe/Berlin",
      TERM: "dumb",
      HTTPS_PROXY: "http://proxy.example:3128",
      no_proxy: "localhost",
      NODE_EXTRA_CA_CERTS: "/etc/ca.pem",
      SSL_CERT_FILE: "/etc/ca.pem",
      HABIT: "x",
      FROM_AGENT: "agent",
      PASSED: "yes",
      FROM_TASK: "task",
      BOTH: "task",
      TASK_ID: "t-9",
      TASK_TYPE: "testing",
      TASK_DESCRIPTION: "d\ufffdd",
      TASK_PROMPT: "p\nq",
      TASK_FILES_PATTERN: "**/*.ts",
      TASK_ATTEMPT: "3",
      OPENCODE_AGENTS_STORE: bench.store_id,
      OPENCODE_AGENTS_INSTANCE: bench.instance_id,
    });
    assert.ok(TMPDIR!.startsWith(`${bench.folder}/tmp/`));
    assert.equal((await Deno.stat(TMPDIR!)).mode! & 0o777, 0o700);
    await child.end();
    await assert.rejects(Deno.stat(TMPDIR!), Deno.errors.NotFound);
  }, {
    server_env: {
      PATH: Deno.env.get("PATH")!,
      HOME: "/nowhere",
      LANG: "C.UTF-8",
      LC_ALL: "C.UTF-8",
      TZ: "Europe/Berlin",
      TERM: "dumb",
      HTTPS_PROXY: "http://proxy.example:3128",
      no_proxy: "localhost",
      NODE_EXTRA_CA_CERTS: "/etc/ca.pem",
      SSL_CERT_FILE: "/etc/ca.pem",
      SSH_AUTH_SOCK: "/tmp/agent.sock",
      PASSED: "yes",
      SECRET: "server",
      TMPDIR: "/tmp",
    },
  }));

Deno.test("supervisor: an agent's own proxy is not joined by the server's in the other spelling", () => {
  const server_env = { HTTPS_PROXY: "s", https_proxy: "s", no_proxy: "s", HTTP_PROXY: "s" };
  assert.deepEqual(commonVariables(server_env).sort(), Object.keys(server_env).sort());
  const own = { HTTPS_PROXY: "mine", NO_PROXY: "" };
  assert.deepEqual(commonVariables(server_env, own), ["HTTP_PROXY"]);
});

Deno.test("supervisor: an agent inherits the user's umask and none of the server's open files", () =>
  withSupervisor(async (bench) => {
    const file = await Deno.open(new URL(import.meta.url));
    const { child, stdout } = await spawnScript(bench, "umask; ls -l /proc/self/fd || true");
    const [umask, ...files] = (await stdout).split("\n");
    await child.end();
    file.close();
    assert.equal(parseInt(umask!, 8), Deno.umask());
    assert.deepEqual(files.filter((line) => line.includes("supervisor_test")), []);
  }));

Deno.test("supervisor: a failed start says why and leaves nothing behind", () =>
  withSupervisor(async ({ supervisor, folder }) => {
    const failure = async (command: string[], changes: Parameters<typeof requestFor>[2] = {}) => {
      try {
        await supervisor.spawn({ command, request: requestFor(folder, command, changes) });
      } catch (error) {
        assert.ok(error instanceof ApiError, String(error));
        return error;
      }
      assert.fail("it was started");
    };
    const hint = await failure(["codex-acp-not"], { agent: {} });
    assert.equal(hint.code, "SERVICE_UNAVAILABLE");
    assert.match(hint.message, /'codex-acp-not' is not installed/);
    assert.deepEqual(hint.details, { program: "codex-acp-not", agent: "checks" });
    const known = await failure([`${folder}/opencode`]);
    assert.equal(known.details.install, "npm install -g opencode-ai");
    const no_folder = await failure(["true"], { working_dir: `${folder}/absent` });
    assert.deepEqual([no_folder.code, no_folder.details.value], ["FILE_NOT_FOUND", `${folder}/absent`]);
    await Deno.writeTextFile(`${folder}/plain`, "");
    assert.equal((await failure(["true"], { working_dir: `${folder}/plain` })).code, "FILE_NOT_FOUND");
    assert.equal((await failure([`${folder}/plain`])).code, "SERVICE_UNAVAILABLE");
    assert.equal((await failure(["true", "x".repeat(200_000)])).code, "INVALID_FIELD_VALUE");
    assert.equal((await failure(["true"], { env: { "a=b": "x" } })).code, "INVALID_FIELD_VALUE");
    assert.equal((await failure(["true"], { env: { A: "x\0" } })).code, "INVALID_FIELD_VALUE");
    assert.deepEqual([...Deno.readDirSync(`${folder}/tmp`)], []);
  }));

Deno.test("supervisor: ends strays of an earlier server on the same store, and no others", () =>
  withSupervisor(async (earlier) => {
    await withSupervisor(async (later) => {
      await withSupervisor(async (other) => {
        const script =
          "setsid sh -c 'echo $$ > far; exec sleep 300' & sh -c 'echo $$ > near; exec sleep 300'";
        const stray = (await spawnScript(earlier, script)).child;
        // All three are there: a busy machine may start them late.
        await Promise.all([pidIn(`${earlier.folder}/far`), pidIn(`${earlier.folder}/near`)]);
        const own = (await spawnScript(later, "sleep 300")).child;
        const foreign = (await spawnScript(other, "sleep 300")).child;
        assert.equal(await later.supervisor.endStrays(), 3);
        assert.equal((await stray.status).signal, "SIGTERM");
        assert.ok(await stateOf(own.pid));
        assert.ok(await stateOf(foreign.pid));
        assert.equal(await later.supervisor.endStrays(), 0);
        for (const child of [stray, own, foreign]) await child.end({ stdin_grace_ms: 0 });
      });
    }, { store_id: earlier.store_id });
  }));

/** Runs the fixture with these permissions; what it printed. */
async function inSandbox(folder: string, instance_id: string, permissions: string[]): Promise<unknown> {
  const program = new URL("./fixtures/sandboxed.ts", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "--allow-write", "--allow-env", ...permissions]
      .concat(program, folder, instance_id),
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.notEqual(text, "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

Deno.test("supervisor: with run permission for single programs, the tree still ends, and other programs are refused", () =>
  withSupervisor(async ({ folder, instance_id }) => {
    const marks = [`OPENCODE_AGENTS_INSTANCE=${instance_id}`, "TASK_ID=task-1", "TASK_ATTEMPT=1"];
    const bystander = new Deno.Command("sh", { args: ["-c", "read line", ...marks], stdin: "piped" }).spawn();
    try {
      const result = await inSandbox(folder, instance_id, ["--allow-run=ps,kill,sh"]);
      assert.deepEqual(result, [
        0,
        { code: 143, signal: "SIGTERM" },
        {
          code: "SERVICE_UNAVAILABLE",
          details: { missing: "--allow-run=env", program: "env", agent: "checks" },
        },
      ]);
      assert.equal(await stateOf(await pidIn(`${folder}/stray`)), undefined);
      assert.ok(await stateOf(bystander.pid), "a mark in an argument is none");
    } finally {
      await bystander.stdin.close();
      await bystander.status;
    }
  }));

Deno.test("supervisor: without run permission, every start names the missing permission", () =>
  withSupervisor(async ({ folder, instance_id }) => {
    const missing = (program: string) => ({
      code: "SERVICE_UNAVAILABLE",
      details: { missing: `--allow-run=${program}`, program, agent: "checks" },
    });
    assert.deepEqual(await inSandbox(folder, instance_id, []), [0, missing("sh"), missing("env")]);
  }));

Deno.test("an agent that gets this server's own tools reaches them without the network's proxy", () => {
  const url = "http://127.0.0.1:8080/mcp";
  const proxy = { http_proxy: "p" };
  const cases: [Record<string, string>, string | undefined, string | undefined][] = [
    [{}, undefined, undefined],
    [{ NO_PROXY: "a" }, undefined, undefined],
    [{ https_proxy: "", NO_PROXY: "a" }, undefined, undefined],
    [proxy, "127.0.0.1", "127.0.0.1"],
    [{ ...proxy, NO_PROXY: "" }, "127.0.0.1", "127.0.0.1"],
    [{ ...proxy, NO_PROXY: "a,b" }, "a,b,127.0.0.1", "a,b,127.0.0.1"],
    [{ ...proxy, no_proxy: "a", NO_PROXY: "b" }, "b,127.0.0.1", "a,127.0.0.1"],
    [{ ...proxy, no_proxy: "*" }, "*", "*"],
    [{ ALL_PROXY: "p", NO_PROXY: "localhost, 127.0.0.1" }, "localhost, 127.0.0.1", "localhost, 127.0.0.1"],
  ];
  for (const [env, upper, lower] of cases) {
    const { NO_PROXY, no_proxy } = unproxied(env, url);
    assert.deepEqual([NO_PROXY, no_proxy], [upper, lower], JSON.stringify(env));
  }
  assert.equal(unproxied(proxy, "http://[::1]:8080").NO_PROXY, "::1");
});

Deno.test("supervisor: only an agent that delegates has the server's address among those without a proxy", () =>
  withSupervisor(async (bench) => {
    const own_tools = {
      http: { name: "own", url: "http://127.0.0.1:8080/mcp" },
      stdio: { name: "own", command: "true" },
    };
    const cases = [[{}, "internal"], [{ own_tools }, "internal,127.0.0.1"]] as const;
    for (const [more, expected] of cases) {
      const { child, stdout, stderr } = await spawnScript(bench, "echo $NO_PROXY", more);
      assert.equal((await stdout).trim(), expected);
      await stderr;
      await child.end();
    }
  }, { server_env: { PATH: Deno.env.get("PATH")!, http_proxy: "http://proxy:3128", NO_PROXY: "internal" } }));
