/** Safe by default, and honest at start (contract, sections 1 and 6). */
import assert from "node:assert/strict";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { timeLimit } from "../fixtures/time_limit.ts";
import { until } from "../fixtures/until.ts";

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

async function run(server: TestServer, args: string[]): Promise<Ended> {
  const [program, ...rest] = server.commandOf("serve", ...args);
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args: rest,
    cwd: server.dir,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function configured(server: TestServer, config: unknown, ...args: string[]): Promise<Ended> {
  const file = `${server.dir}/other.json`;
  await Deno.writeTextFile(file, typeof config === "string" ? config : JSON.stringify(config));
  return await run(server, ["--config", file, "--data", `${server.dir}/other`, "--port", "0", ...args]);
}

Deno.test("safe by default", async (t) => {
  await withServer({}, async (server) => {
    await t.step("it listens on loopback, and its first line says so", () => {
      assert.match(server.stdout, /^listening on http:\/\/127\.0\.0\.1:\d+\n$/);
    });

    await t.step("only the owner can read the data folder", async () => {
      assert.equal((await Deno.stat(server.data)).mode! & 0o777, 0o700);
      let files = 0;
      for await (const { name, isFile } of Deno.readDir(server.data)) {
        if (!isFile) continue;
        files++;
        assert.equal((await Deno.stat(`${server.data}/${name}`)).mode! & 0o777, 0o600, name);
      }
      assert.ok(files >= 3, `${files} files`);
    });

    await t.step("a second server on the same folder ends with 1 and says who holds it", async () => {
      const { code, stdout, stderr } = await run(server, ["--port", "0", "--data", server.data]);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /PROCESS_ALREADY_EXISTS: /);
      assert.ok(stderr.includes(`pid ${server.pid}`), stderr);
      assert.equal((await server.post({ type: "ping" })).status, 200);
    });

    await t.step("another address is refused without --insecure", async () => {
      const { code, stderr } = await run(server, [
        "--host",
        "0.0.0.0",
        "--port",
        "0",
        "--data",
        `${server.dir}/other`,
      ]);
      assert.equal(code, 2);
      assert.match(stderr, /CONFIGURATION_ERROR.*0\.0\.0\.0/);
    });

    await t.step("an unknown key, a wrong value, bad JSON, no file: exits with 2 and says why", async () => {
      const cases: [unknown, RegExp][] = [
        [{ tasks: { max_concurent: 3 } }, /tasks\.max_concurent.*max_concurrent/s],
        [{ agents: { x: { protocol: "acp", command: ["a"], colour: 1 } } }, /agents\.x\.colour/],
        [{ server: { port: "80" } }, /server\.port/],
        [{ tasks: { default_agent: "nobody" } }, /nobody/],
        [{ tasks: { agent_by_type: { tests: "opencode" } } }, /tasks\.agent_by_type\.tests/],
        ["{", /not valid JSON/],
        [{ security: { ip_whitelist: ["here"] } }, /security\.ip_whitelist/],
        [{ security: { ip_blacklist: ["10.0.0.0/33"] } }, /security\.ip_blacklist/],
        [{ server: { tls: { cert: "a.pem", key: "b.pem" } } }, /server\.tls\.cert.*a\.pem/],
        [{ server: { tls: { cert: "a.pem", key: "b.pem" }, transport: "fast" } }, /server\.tls.*hardened/],
        [
          { server: { tls: { cert: "a", key: "b", client_certs: "require" } } },
          /server\.tls\.client_certs.*authority/,
        ],
        [
          { server: { host: "0.0.0.0" }, security: { auth: "required" } },
          /without TLS.*server\.tls_in_front/,
        ],
        [{ server: { trusted_proxies: ["127.0.0.1:80"] } }, /server\.trusted_proxies/],
        [{ store: { url: "http://127.0.0.1:4512" } }, /The store .* needs an access token/],
      ];
      for (const [config, message] of cases) {
        const { code, stdout, stderr } = await configured(server, config);
        assert.deepEqual([code, stdout], [2, ""], stderr);
        assert.match(stderr, message);
      }
      assert.equal((await run(server, ["--config", "/no/such/file"])).code, 2);
    });

    await t.step("--print-config shows the effective configuration with secrets masked", async () => {
      const agents = {
        mine: {
          protocol: "command",
          command: [
            "x",
            "--api-key=geheim",
            "--token",
            "geheim",
            "--keys",
            "--mode=fast",
            "pg://me:geheim@db/x",
          ],
          env: { API_KEY: "geheim", MODE: "fast", DATABASE: "pg://me:geheim@db/x" },
        },
      };
      const { code, stdout } = await configured(
        server,
        { agents, limits: { connections: 7 } },
        "--print-config",
      );
      const config = JSON.parse(stdout);
      assert.equal(code, 0);
      assert.deepEqual([
        config.limits.connections,
        config.limits.messages_per_minute,
        config.tasks.default_agent,
      ], [7, 100, "opencode"]);
      const command = ["x", "--api-key=***", "--token", "***", "--keys", "--mode=fast", "pg://me:***@db/x"];
      assert.deepEqual(config.agents.mine.command, command);
      assert.deepEqual(config.agents.mine.env, { API_KEY: "***", MODE: "***", DATABASE: "***" });
      assert.ok(!stdout.includes("geheim"));
    });

    await t.step("SIGTERM: ends with 0 within 10 s, leaving its running task to the next start", async () => {
      const task = {
        id: "long",
        type: "testing",
        priority: "low",
        description: "x",
        execution: { agent: "none" },
      };
      assert.equal((await server.post({ type: "start_task", task })).reply.code, "INVALID_FIELD_VALUE");
      const begun = performance.now();
      assert.equal(await server.stop("SIGTERM"), 0);
      assert.ok(performance.now() - begun < timeLimit(10_000));
    });
  });
});

Deno.test("starting on a foreign store changes nothing", async () => {
  await withServer({}, async (server) => {
    await server.stop("SIGTERM");
    const file = `${server.data}/store.sqlite3`;
    await Deno.writeTextFile(file, "this is no database, but somebody's letter");
    const { code, stderr } = await run(server, ["--port", "0", "--data", server.data]);
    assert.equal(code, 1);
    assert.match(stderr, /DATABASE_ERROR/);
    assert.equal(await Deno.readTextFile(file), "this is no database, but somebody's letter");
  });
});

Deno.test("SIGTERM during a task: the task resumes at the next start, and the attempt does not count", async () => {
  const config = {
    limits: { enabled: false },
    agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
    tasks: { default_agent: "sh", max_attempts: 1 },
  };
  await withServer({ config }, async (server) => {
    const socket = await server.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    const prompt = `echo run >> runs; test $(wc -l < runs) -gt 1 || sleep 61.71`;
    const task = { id: "t", type: "testing", priority: "low", description: "t", execution: { prompt } };
    await socket.request({ type: "start_task", task });
    await socket.next((m) => m.new_status === "running");
    // A task is running before its process is.
    await until(async () => await server.processesMatching("sleep 61.71") > 0);
    assert.equal(await server.stop("SIGTERM"), 0);
    assert.equal(await server.processesMatching("sleep 61.71"), 0);
    await server.start();
    const again = await server.connect();
    await again.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    const state = async () =>
      (await again.request({ type: "get_task_status", task_id: "t" })).task as Record<string, unknown>;
    if ((await state()).status !== "completed") await again.next((m) => m.new_status === "completed");
    const done = await state();
    assert.deepEqual([done.status, done.attempt, done.retry_count], ["completed", 2, 1]);
  });
});
