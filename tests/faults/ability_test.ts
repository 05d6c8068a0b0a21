/** The programs that the server needs are missing or do not work: what needs them is refused, all else goes on. */
import assert from "node:assert/strict";
import { withFakePs } from "../fixtures/fake_ps.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { type ServerOptions, type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import type { Health } from "../../src/protocol/system_messages.ts";

const ignore = Deno.build.os === "windows";

const config = {
  limits: { enabled: false },
  agents: { shell: { protocol: "command", command: ["/bin/sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "shell" },
};
/** Without all permissions /proc cannot be read, so `ps` is needed. */
const options: ServerOptions = { config, permissions: START_PERMISSIONS };

const shellTask = (id: string) => ({
  type: "start_task",
  task: { id, type: "testing", priority: "high", description: id, execution: { prompt: "true" } },
});

async function healthOf(server: TestServer): Promise<Health> {
  const { reply } = await server.post({ type: "request_system_health" });
  return (EXCHANGES.request_system_health.reply.parse(reply) as { data: Health }).data;
}

/** Processes and tasks are refused with this missing, and everything else works. */
async function refuses(server: TestServer, missing: string[], reason: RegExp): Promise<void> {
  for (
    const request of [
      shellTask("refused"),
      { type: "request_process_list" },
      { type: "request_claude_processes" },
      { type: "kill_process", pid: server.pid },
    ]
  ) {
    const { status, reply } = await server.post(request);
    assert.deepEqual([status, reply.code], [503, "SERVICE_UNAVAILABLE"], JSON.stringify([request, reply]));
    assert.deepEqual((reply.details as { missing: string[] }).missing, missing);
    assert.match(String(reply.message), reason);
  }
  const { issues, components } = await healthOf(server);
  assert.deepEqual([components.task_manager, components.process_monitoring], ["unhealthy", "unhealthy"]);
  for (const component of ["task_manager", "process_monitoring"]) {
    assert.match(issues.find((issue) => issue.component === component)!.message, reason);
  }
  assert.equal((await server.post({ type: "list_tasks" })).reply.total_count, 0);
  const { reply } = await server.post({ type: "request_system_resources" });
  assert.ok((reply.data as { memory_total: number }).memory_total > 0);
  const socket = await server.connect();
  assert.equal((await socket.request({ type: "ping", timestamp: 1 })).type, "pong");
  await socket.close();
}

async function runsTask(server: TestServer, id: string): Promise<void> {
  assert.equal((await server.post(shellTask(id))).status, 200);
  await until(async () => {
    const { reply } = await server.post({ type: "get_task_status", task_id: id });
    return (reply.task as { status: string }).status === "completed";
  });
}

/** What `doctor` says about processes. */
async function diagnosis(server: TestServer, env: Record<string, string>): Promise<string> {
  const [program, ...args] = server.commandOf(
    "doctor",
    "--port",
    "0",
    "--data",
    `${server.dir}/other`,
    "--json",
  );
  const { code, stdout } = await new Deno.Command(program!, { args, env, stderr: "null" }).output();
  assert.equal(code, 0, "serve would start");
  const { findings } = JSON.parse(new TextDecoder().decode(stdout)) as {
    findings: { what: string; state: string; found: string }[];
  };
  const { state, found } = findings.find(({ what }) => what === "processes")!;
  return `${state} ${found}`;
}

const INABILITIES: [what: string, how: string, reason: RegExp][] = [
  ["refuses the options, as BusyBox's does", "echo 'ps: bad -o argument' >&2; exit 1", /bad -o argument/],
  ["prints garbage", "echo 'PID USER'; echo 'x y z'; exit 0", /PID USER/],
  ["lists other processes only", "echo '1 0 0 0 S 1'; exit 0", /does not list/],
  ["prints nothing", "exit 0", /printed nothing/],
  ["is killed", "kill -KILL $$", /printed nothing and ended with code 137/],
  ["hangs", "exec sleep 300", /did not answer within 5000 ms/],
  ["prints without end", "exec yes", /printed more than/],
];

for (const [what, how, reason] of INABILITIES) {
  Deno.test(
    { name: `a 'ps' that ${what}: the server lives, and works once it is mended`, ignore },
    async () => {
      await withFakePs(async (ps) => {
        await ps.break(how);
        await withServer(options, async (server) => {
          await refuses(server, ["ps"], reason);
          const said = await diagnosis(server, { PATH: ps.path });
          assert.match(said, /^warn /);
          assert.match(said, reason);

          await ps.mend();
          await until(async () => (await healthOf(server)).overall_status === "healthy");
          await runsTask(server, "one");
          assert.equal((await server.post({ type: "request_process_list" })).status, 200);
          assert.equal(await server.stop("SIGTERM"), 0);
        }, { PATH: ps.path });
      });
    },
  );
}

Deno.test(
  { name: "a 'ps' that breaks later: tasks are refused from then on, until it is mended", ignore },
  async () => {
    await withFakePs(async (ps) => {
      await withServer(options, async (server) => {
        await runsTask(server, "before");
        await ps.break();
        await until(async () => (await healthOf(server)).components.task_manager === "unhealthy");
        assert.equal((await server.post(shellTask("refused"))).status, 503);
        await ps.mend();
        await until(async () => (await healthOf(server)).overall_status === "healthy");
        await runsTask(server, "after");
      }, { PATH: ps.path });
    });
  },
);

for (const [what, how] of INABILITIES.filter(([what]) => /^(refuses|is killed)/.test(what))) {
  Deno.test({
    name: `a 'ps' that ${what} while a task runs: its group still ends with it, and with a killed server`,
    ignore,
  }, async () => {
    await withFakePs(async (ps) => {
      await withServer(options, async (server) => {
        const starts = async (id: string) => {
          const sleep = `sleep 29${id}.4`;
          // In a control group, what is in a session of its own ends, too.
          const prompt = `[ -e '${server.dir}/groups' ] && setsid ${sleep} & ${sleep} & ${sleep}`;
          const task = { ...shellTask(id).task, execution: { prompt } };
          await server.post({ type: "start_task", task });
          await until(async () => await server.processesMatching(sleep) > 1);
          return () => server.processesMatching(sleep);
        };
        await runsTask(server, "9");
        if (!/No control groups/.test(server.stderr)) await Deno.writeTextFile(`${server.dir}/groups`, "");
        const [first, second] = [await starts("1"), await starts("2")];
        await ps.break(how);
        await server.post({ type: "cancel_task", task_id: "1" });
        await until(async () => await first() === 0);
        assert.ok(await second() > 0, "another task goes on");
        await server.stop("SIGKILL");
        await until(async () => await second() === 0);
      }, { PATH: ps.path });
    });
  });
}

Deno.test(
  { name: "tasks of an earlier run wait while their processes cannot be ended", ignore },
  async () => {
    await withFakePs(async (ps) => {
      await withServer(options, async (server) => {
        const task = { ...shellTask("long").task, execution: { prompt: "sleep 0.2" } };
        await server.post({ type: "start_task", task });
        await ps.break();
        await server.restart("SIGKILL");
        const status = async () => {
          const { reply } = await server.post({ type: "get_task_status", task_id: "long" });
          return (reply.task as { status: string }).status;
        };
        await until(() => /Tasks wait: processes of an earlier run cannot be ended/.test(server.stderr));
        assert.equal(await status(), "queued");
        await ps.mend();
        await until(async () => await status() === "completed");
      }, { PATH: ps.path });
    });
  },
);

Deno.test({ name: "no 'ps' on PATH, and no PATH at all", ignore }, async () => {
  const nowhere = { PATH: "/nowhere" };
  await withServer(options, async (server) => {
    await refuses(server, ["ps"], /'ps' is not on PATH/);
    assert.match(await diagnosis(server, nowhere), /warn .*'ps' is not on PATH/);
  }, nowhere);
  const here = new URL("../..", import.meta.url).pathname;
  const command = [
    "env",
    "-u",
    "PATH",
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    ...START_PERMISSIONS,
  ];
  await withServer(
    { config, command: [...command, "--config", `${here}deno.json`, `${here}main.ts`] },
    (server) => refuses(server, ["ps"], /'ps' is not on PATH/),
  );
});

Deno.test({
  name:
    "with all permissions /proc serves: tasks and processes need no 'ps', nor does the end of a killed server's agents",
  ignore: Deno.build.os !== "linux",
}, async () => {
  await withFakePs(async (ps) => {
    await ps.break();
    await withServer({ config, permissions: ["-A"] }, async (server) => {
      assert.equal((await healthOf(server)).overall_status, "healthy");
      assert.match(await diagnosis(server, { PATH: ps.path }), /^ok listed by \/proc/);
      await runsTask(server, "one");
      assert.equal((await server.post({ type: "request_process_list" })).status, 200);

      const sleep = "sleep 297.3";
      const task = { ...shellTask("sleeps").task, execution: { prompt: `setsid ${sleep} & ${sleep}` } };
      await server.post({ type: "start_task", task });
      await until(async () => await server.processesMatching(sleep) > 1);
      await server.stop("SIGKILL");
      await until(async () => await server.processesMatching(sleep) === 0);
    }, { PATH: ps.path });
  });
});

Deno.test({ name: "a 'setsid' or a 'sh' that does not work is not used", ignore }, async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-launch-" });
  try {
    for (const program of ["setsid", "sh"]) {
      // Its first line names a shell that is not looked for on PATH.
      await Deno.writeTextFile(`${folder}/${program}`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
      await withServer(options, (server) => runsTask(server, "one"), {
        PATH: `${folder}:${Deno.env.get("PATH")}`,
      });
      await Deno.remove(`${folder}/${program}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test(
  { name: "a 'pwdx' and an 'ip' that hang: figures are missing, nothing waits for long", ignore },
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "oa-hang-" });
    try {
      const calls = `${folder}/calls`;
      for (const program of ["pwdx", "ip", "cat", "netstat"]) {
        const script = `#!/bin/sh\necho ${program} >> '${calls}'\nexec sleep 300\n`;
        await Deno.writeTextFile(`${folder}/${program}`, script, { mode: 0o755 });
      }
      await withServer(options, async (server) => {
        const resources = async () =>
          (await server.post({ type: "request_system_resources" })).reply.data as {
            memory_total: number;
            network_stats?: object;
          };
        const task = { ...shellTask("sleeps").task, execution: { prompt: "sleep 296.1" } };
        await server.post({ type: "start_task", task });
        await until(async () => await server.processesMatching("sleep 296.1") > 0);
        assert.equal((await server.post({ type: "request_claude_processes" })).status, 200);
        assert.equal((await resources()).network_stats, undefined);
        const asked = (await Deno.readTextFile(calls)).length;
        // Later requests do not ask the same programs again and again.
        await until(async () => {
          await resources();
          const { reply } = await server.post({ type: "request_claude_processes" });
          return (reply.processes as unknown[]).length > 0;
        });
        assert.ok((await resources()).memory_total > 0);
        assert.equal((await Deno.readTextFile(calls)).length, asked);
      }, { PATH: `${folder}:${Deno.env.get("PATH")}` });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
