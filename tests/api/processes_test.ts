/** The processes of the machine as clients see them: real ones, started as the agents are. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import { type Process, PROCESS_SORT_FIELDS, ProcessStatus, ProcessType } from "../../src/protocol/process.ts";
import { pushes } from "../../src/protocol/pushes.ts";
import { withFakePs } from "../fixtures/fake_ps.ts";
import { BUSY, type Lookalike, Lookalikes } from "../fixtures/lookalikes.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

const ignore = Deno.build.os !== "linux";
const MODES = { "every permission": ["-A"], "the permissions of `start`": START_PERMISSIONS };
const config = {
  limits: { enabled: false },
  agents: { shell: { protocol: "command", command: ["sh", "-c", "sleep 300 & wait"] } },
  tasks: { default_agent: "shell" },
  monitor: { processes_interval_ms: 300 },
};

interface Page {
  processes: Process[];
  total_count: number;
  filtered_count: number;
  system_load: { load1: number; load5: number; load15: number };
  resource_summary: Record<string, number>;
}

async function ask(server: TestServer, fields: object = {}): Promise<Page> {
  const { reply } = await server.post({ type: "request_process_list", limit: 1000, ...fields });
  const parsed = EXCHANGES.request_process_list.reply.safeParse(reply);
  assert.ok(parsed.success, JSON.stringify(reply).slice(0, 500));
  return (parsed.data as unknown as { data: Page }).data;
}

/** Runs `test` with these started, once a scan has seen them all. */
async function withAgents(
  permissions: readonly string[],
  start: (agents: Lookalikes) => Promise<Record<string, Lookalike>>,
  test: (server: TestServer, agents: Record<string, Lookalike>, lookalikes: Lookalikes) => Promise<void>,
): Promise<void> {
  await withServer({ config, permissions }, async (server) => {
    const lookalikes = new Lookalikes(server.dir);
    try {
      const agents = await start(lookalikes);
      const pids = Object.values(agents).map(({ pid }) => pid);
      await until(async () => {
        const { processes } = await ask(server, { include_system_processes: true });
        // A process is there before the program it becomes.
        return pids.every((pid) =>
          processes.some((one) => one.pid === pid && one.cmdline.startsWith(server.dir))
        );
      });
      await test(server, agents, lookalikes);
    } finally {
      await lookalikes.end();
    }
  });
}

const KINDS: Record<string, [path: string, args: string[], type: ProcessType, agent?: string]> = {
  opencode: ["bin/opencode", ["run", "fix-it"], "opencode", "opencode"],
  opencode_of_node: ["node", ["opencode-ai/bin/opencode", "acp"], "opencode", "opencode"],
  opencode_of_shell: ["shells/sh", ["scripts/opencode", "run"], "opencode", "opencode"],
  claude: ["bin/claude", ["-p", "hi"], "claude", "claude"],
  claude_of_node: ["nodes/node", ["@anthropic-ai/claude-code/cli.js"], "claude", "claude"],
  claude_of_sdk: ["claude-agent-sdk-linux-x64/claude", ["json"], "anthropic_claude", "claude"],
  claude_adapter: ["node_a/node", ["claude-agent-acp/dist/index.js"], "anthropic_claude", "claude"],
  claude_desktop: ["AnthropicClaude/claude", ["desktop"], "claude_desktop", "claude"],
  claude_in_cursor: [".cursor/extensions/native-binary/claude", ["json"], "cursor_claude", "claude"],
  codex: ["vendor/x86_64/bin/codex", ["exec"], "unknown", "codex"],
  gemini: ["node_g/node", ["gemini-cli/bundle/gemini.js"], "unknown", "gemini"],
  copilot: ["copilot-linux-x64/copilot", ["-e", "acp"], "unknown", "copilot"],
  copilot_of_aws: ["aws/copilot", ["svc"], "unknown"],
  qwen: ["node_q/node", ["@qwen-code/qwen-code/cli-entry.js"], "unknown", "qwen"],
  kilo: ["bin/kilo", ["acp"], "unknown", "kilo"],
  goose: ["bin/goose", ["acp"], "unknown", "goose"],
  goose_of_databases: ["databases/goose", ["up"], "unknown"],
  mentions: ["vim", ["opencode"], "unknown"],
  wrapper: ["timeout", ["claude"], "unknown"],
};

for (const [mode, permissions] of Object.entries(MODES)) {
  Deno.test({
    name: `processes with ${mode}: each agent by what it runs, and nothing that only names one`,
    ignore,
  }, () => {
    const began_ms = Date.now();
    return withAgents(permissions, async (lookalikes) => {
      const started: Record<string, Lookalike> = {};
      for (const [name, [path, args]] of Object.entries(KINDS)) {
        started[name] = await lookalikes.start(path, args);
      }
      return started;
    }, async (server, agents) => {
      const all = await ask(server, { include_system_processes: true });
      const listed = await ask(server);
      const { reply } = await server.post({ type: "request_claude_processes" });
      const claude = (EXCHANGES.request_claude_processes.reply.parse(reply) as {
        processes: { pid: number; discovered_at: string; memory_usage: number }[];
      }).processes;
      for (const [name, [, , type, agent]] of Object.entries(KINDS)) {
        const { pid, command } = agents[name]!;
        const one = all.processes.find((process) => process.pid === pid)!;
        assert.deepEqual(
          [one.type, one.agent, one.is_opencode, one.is_claude_desktop],
          [type, agent, type === "opencode", type === "claude_desktop"],
          `${name}: ${command}`,
        );
        assert.equal(one.cmdline, command);
        assert.ok(one.memory_rss > 100_000 && one.threads === 1, name);
        assert.equal(one.start_time, new Date(one.create_time * 1000).toISOString());
        // The kernel counts from its own start, in hundredths of a second; a few seconds are lost on the way.
        const age_ms = Date.now() - one.create_time * 1000;
        assert.ok(age_ms > -5000 && age_ms < Date.now() - began_ms + 5000, `${name}: ${age_ms} ms old`);
        assert.ok(one.runtime_seconds <= age_ms / 1000 + 5, name);
        // Under named permissions a program is asked, and of agents only.
        const isFolderKnown = agent !== undefined || permissions[0] === "-A";
        assert.equal(one.working_dir, isFolderKnown ? server.dir : undefined, name);
        assert.equal(listed.processes.some((process) => process.pid === pid), agent !== undefined, name);
        assert.equal(claude.some((process) => process.pid === pid), agent !== undefined, name);
      }
      assert.ok(
        claude.every(({ discovered_at, memory_usage }) => Date.parse(discovered_at) > 0 && memory_usage > 0),
      );
      assert.ok(all.total_count > listed.total_count);
      assert.equal(listed.total_count, listed.filtered_count);
      // What `load` is: the kernel's own figures.
      const loads = (await Deno.readTextFile("/proc/loadavg")).split(" ").slice(0, 3).map(Number);
      [all.system_load.load1, all.system_load.load5, all.system_load.load15].forEach((load, i) =>
        assert.ok(Math.abs(load - loads[i]!) <= 2, `${load} instead of ${loads[i]}`)
      );
    });
  });

  Deno.test(
    { name: `processes with ${mode}: every filter, alone and together`, ignore },
    () =>
      withAgents(permissions, async (lookalikes) => ({
        stopped: await lookalikes.start("bin/opencode", ["run"]),
        busy: await lookalikes.start("busy/opencode", ["serve"], { script: BUSY }),
        claude: await lookalikes.start("bin/claude", ["-p", "Refactor"]),
      }), async (server, { stopped, busy, claude }) => {
        Deno.kill(stopped!.pid, "SIGSTOP");
        const ours = [stopped!.pid, busy!.pid, claude!.pid];
        const matching = async (filter: object) => {
          const page = await ask(server, { filter });
          assert.equal(page.filtered_count, page.processes.length);
          assert.ok(page.total_count >= ours.length);
          return page.processes.map(({ pid }) => pid).filter((pid) => ours.includes(pid));
        };
        const [s, b, c] = ours as [number, number, number];
        const sorted = (...pids: number[]) => pids.sort((x, y) => x - y);
        await until(async () => (await matching({ status: "stopped" })).length === 1);
        // However little of a busy machine it gets, the others get nothing.
        await until(async () => {
          const [least, most] = [
            await matching({ cpu_percent_min: 1 }),
            await matching({ cpu_percent_max: 1 }),
          ];
          return isDeepStrictEqual([least, most], [[b], sorted(s, c)]);
        });
        for (
          const [filter, expected] of [
            [{}, [s, b, c]],
            [{ type: "opencode" }, [s, b]],
            [{ type: ["claude", "claude_desktop"] }, [c]],
            [{ type: "cursor_claude" }, []],
            [{ status: "stopped" }, [s]],
            [{ status: ["running", "sleeping"] }, [b, c]],
            [{ memory_percent_min: 50 }, []],
            [{ memory_percent_max: 50 }, [s, b, c]],
            [{ name_contains: "OPENC" }, [s, b]],
            [{ cmdline_contains: "refactor" }, [c]],
            [{ cmdline_contains: "busy/open" }, [b]],
            [{ created_after: new Date(Date.now() - 60_000).toISOString() }, [s, b, c]],
            [{ created_after: new Date(Date.now() + 5000).toISOString() }, []],
            [{ created_before: new Date(Date.now() + 5000).toISOString() }, [s, b, c]],
            [{ created_before: new Date(Date.now() - 60_000).toISOString() }, []],
            [{ working_dir: `${server.dir}/` }, [s, b, c]],
            [{ working_dir: "/nowhere" }, []],
            [{ type: "opencode", status: "stopped", name_contains: "code" }, [s]],
            [{ type: "opencode", cmdline_contains: "refactor" }, []],
          ] as [object, number[]][]
        ) {
          assert.deepEqual(await matching(filter), sorted(...expected), JSON.stringify(filter));
        }
      }),
  );
}

Deno.test({
  name: "processes: every sort field in both orders, ties by pid, pages that do not overlap",
  ignore,
}, () =>
  withAgents(["-A"], async (lookalikes) => ({
    one: await lookalikes.start("bin/opencode", ["run"]),
    two: await lookalikes.start("AnthropicClaude/claude", ["desktop"]),
  }), async (server) => {
    const key = (process: Process, field: keyof Process) => {
      if (field === "status") return ProcessStatus.options.indexOf(process.status);
      if (field === "type") return ProcessType.options.indexOf(process.type);
      const value = process[field];
      return typeof value === "boolean" ? Number(value) : value;
    };
    for (const field of PROCESS_SORT_FIELDS) {
      for (const order of ["asc", "desc"] as const) {
        const { processes } = await ask(server, { include_system_processes: true, sort: { field, order } });
        for (let i = 1; i < processes.length; i++) {
          const [a, b] = [key(processes[i - 1]!, field), key(processes[i]!, field)];
          const inOrder = a === b
            ? processes[i - 1]!.pid < processes[i]!.pid
            : b === undefined || (a !== undefined && (order === "asc" ? a < b : a > b));
          assert.ok(inOrder, `${field} ${order}: ${a}, ${b}`);
        }
      }
    }
    // Within half a second all pages are of the same scan.
    const pages = await server.post({
      type: "batch",
      requests: [0, 3, 6].map((offset) => ({
        type: "request_process_list",
        include_system_processes: true,
        limit: 3,
        offset,
        sort: { field: "memory_rss", order: "desc" },
      })),
    });
    const pids = (pages.reply.responses as { data: Page }[]).flatMap(({ data }) =>
      data.processes.map(({ pid }) => pid)
    );
    assert.deepEqual([pids.length, new Set(pids).size], [9, 9]);
    const refused = await server.post({ type: "request_process_list", sort: { field: "colour" } });
    assert.equal(refused.reply.code, "INVALID_FIELD_VALUE");
    for (
      const filter of [{ type: "emacs" }, { cpu_percent_min: 101 }, { created_after: "noon" }, { colour: 1 }]
    ) {
      assert.equal(
        (await server.post({ type: "request_process_list", filter })).reply.code,
        "FILTER_VALIDATION_ERROR",
      );
    }
  }));

Deno.test({
  name: "processes: a task's process and what it starts bear its id; the summary counts them",
  ignore,
}, () =>
  withServer({ config }, async (server) => {
    const task = { id: "t1", type: "testing", priority: "low", description: "wait" };
    assert.equal((await server.post({ type: "start_task", task })).status, 200);
    const ofTask = async () =>
      (await ask(server, { include_system_processes: true })).processes.filter(({ task_id }) =>
        task_id === "t1"
      );
    await until(async () => (await ofTask()).some(({ name }) => name === "sleep"));
    const names = (await ofTask()).map(({ name }) => name).sort();
    assert.deepEqual(names, ["sh", "sleep"]);
    const page = await ask(server);
    // Of the two, the one that was started for the task is listed without asking for every process.
    assert.deepEqual(page.processes.filter(({ task_id }) => task_id).map(({ name }) => name), ["sh"]);
    const { total_cpu_percent, claude_cpu_percent, total_memory_percent, claude_memory_percent } =
      page.resource_summary;
    assert.ok(total_cpu_percent! >= claude_cpu_percent! && claude_cpu_percent! >= 0);
    assert.ok(total_memory_percent! > 0 && claude_memory_percent! > 0 && claude_memory_percent! < 5);
  }));

Deno.test({
  name:
    "processes: what the API itself has started, stopped and let go on is seen at once, however young the last scan",
  ignore,
}, () =>
  withServer({ config }, async (server) => {
    const task = { id: "t1", type: "testing", priority: "low", description: "wait" };
    const statuses = async () =>
      (await ask(server)).processes.filter(({ task_id }) => task_id === "t1").map(({ status }) => status);
    const goesToSleep = async () => {
      const [at_once, ...others] = await statuses();
      // On a busy machine it may still be on its way.
      assert.ok(at_once === "sleeping" || at_once === "running", at_once);
      assert.deepEqual(others, []);
      await until(async () => (await statuses())[0] === "sleeping");
      assert.deepEqual(await statuses(), ["sleeping"]);
    };
    const taskStatus = async () => (await server.post({ type: "get_task_status", task_id: "t1" })).reply.task;
    assert.deepEqual(await statuses(), []);
    assert.equal((await server.post({ type: "start_task", task })).status, 200);
    await until(async () => (await taskStatus() as { runtime_status?: string }).runtime_status === "running");
    await goesToSleep();
    assert.equal((await server.post({ type: "pause_task", task_id: "t1" })).status, 200);
    assert.deepEqual(await statuses(), ["stopped"]);
    assert.equal((await server.post({ type: "resume_task", task_id: "t1" })).status, 200);
    await goesToSleep();
    assert.equal((await server.post({ type: "cancel_task", task_id: "t1" })).status, 200);
    assert.deepEqual(await statuses(), []);
  }));

for (const [mode, permissions] of Object.entries(MODES)) {
  Deno.test({
    name: `processes with ${mode}: a busy loop takes one processor of all, as long as it runs`,
    ignore,
  }, () =>
    withAgents(
      permissions,
      async (lookalikes) => ({ busy: await lookalikes.start("busy/opencode", ["serve"], { script: BUSY }) }),
      async (server, { busy }) => {
        const share = 100 / navigator.hardwareConcurrency;
        const cpu = async () =>
          (await ask(server)).processes.find(({ pid }) => pid === busy!.pid)!.cpu_percent;
        // Other tests take their part of the processors.
        await until(async () => {
          const now = await cpu();
          // The kernel counts in hundredths of a second, of which a scan's interval has few.
          assert.ok(now <= share * 1.1 + 1, `${now} of ${share}`);
          return now > share * 0.2;
        });
        Deno.kill(busy!.pid, "SIGSTOP");
        // Over its life it took more than this.
        await until(async () => await cpu() < share * 0.02);
      },
    ));
}

Deno.test(
  { name: "processes: any number of clients that ask at once cost one scan", ignore },
  () =>
    withFakePs((ps) =>
      withServer({ config, permissions: START_PERMISSIONS }, async (server) => {
        const sockets = await Promise.all(Array.from({ length: 50 }, () => server.connect()));
        const before = await ps.scans();
        const asked = Date.now();
        const types = ["request_process_list", "request_claude_processes", "request_system_resources"];
        await Promise.all(sockets.map((socket, i) => socket.request({ type: types[i % types.length] })));
        const during = await ps.scans() - before;
        const needed = 2 + Math.floor((Date.now() - asked) / 500);
        assert.ok(during >= 1 && during <= needed, `${during} scans instead of ${needed} for 50 clients`);

        const subscribed = await ps.scans();
        const begun = Date.now();
        const channels = ["processes", "claude_processes", "system_resources"];
        await Promise.all(
          sockets.map((socket) => socket.request({ type: "subscribe_to_updates", channels })),
        );
        await Promise.all(
          sockets.map((socket) => socket.next(({ type }) => type === "detailed_process_scan")),
        );
        await Promise.all(
          sockets.map((socket) => socket.next(({ type }) => type === "claude_processes_update")),
        );
        const most = 2 + Math.ceil((Date.now() - begun) / 500);
        const scans = await ps.scans() - subscribed;
        assert.ok(scans <= most, `${scans} scans instead of ${most} for 50 subscribers`);
      }, { PATH: ps.path })
    ),
);

Deno.test(
  { name: "processes: pushes in full, and only of the types that were asked for", ignore },
  () =>
    withAgents(["-A"], async (lookalikes) => ({
      opencode: await lookalikes.start("bin/opencode", ["run"]),
      claude: await lookalikes.start("bin/claude", ["-p", "hi"]),
    }), async (server, { opencode, claude }) => {
      const [all, some] = [await server.connect(), await server.connect()];
      await all.request({ type: "subscribe_to_updates", channels: ["processes", "claude_processes"] });
      const filters = { processes: { types: ["claude"] } };
      await some.request({ type: "subscribe_to_updates", channels: ["processes"], filters });
      const pidsOf = (message: object) =>
        (message as { processes: { pid: number }[] }).processes.map(({ pid }) => pid);
      const full = pushes.detailed_process_scan.parse(
        await all.next(({ type }) => type === "detailed_process_scan"),
      );
      assert.ok([opencode!.pid, claude!.pid].every((pid) => pidsOf(full).includes(pid)));
      assert.ok(full.scan_duration_ms > 0 && full.system_load!.load1 >= 0);
      const narrow = await some.next(({ type }) => type === "detailed_process_scan");
      assert.ok(pidsOf(narrow).includes(claude!.pid) && !pidsOf(narrow).includes(opencode!.pid));
      const update = pushes.claude_processes_update.parse(
        await all.next(({ type }) => type === "claude_processes_update"),
      );
      assert.equal(update.process_count, update.processes.length);
      assert.ok(update.opencode_processes >= 1 && update.claude_desktop_processes >= 0);
      assert.equal(
        update.opencode_processes,
        update.processes.filter(({ is_opencode }) => is_opencode).length,
      );
      // One that has ended is not in the pushes that follow.
      assert.equal((await server.post({ type: "kill_process", pid: claude!.pid })).status, 200);
      all.forget();
      const next = await all.next(({ type }) => type === "claude_processes_update");
      assert.ok(!pidsOf(next).includes(claude!.pid));
    }),
);
