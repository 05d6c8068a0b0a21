/** The packed client, installed as its users install it: the examples of its document run, and its types hold. */
import assert from "node:assert/strict";
import { join } from "node:path";
import ts from "typescript";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { withProject } from "./fixtures/packed.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const DEMO_AGENT = new URL("../fixtures/demo_agent_main.ts", import.meta.url).pathname;

const config = {
  limits: { enabled: false },
  agents: { steps: { protocol: "command", command: ["sh", "-c", "echo reading; sleep 0.5; echo done"] } },
  tasks: { default_agent: "steps" },
};

/** The built-in agent, which speaks ACP. */
const demo = {
  protocol: "acp",
  profile: "demo",
  command: [Deno.execPath(), "run", "--no-prompt", "-A", DEMO_AGENT],
  pass_env: ["DENO_DIR"],
};

/** The program of an example, for this server. Each run has tasks of its own. */
function programOf(text: string, url: string): string {
  return text.replaceAll("http://127.0.0.1:8080", url)
    .replace(/"(readme|told|long)"/g, "`$1-${globalThis.process.pid}`");
}

/** One on which nobody listens, so that a server can come back to it. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** The program's text, and the lines that its comments say it prints. */
function examplesOf(document: string): { title: string; text: string; prints: string[] }[] {
  return [...document.matchAll(/^## ([^\n]+)\n+```ts\n([^]*?)^```/gm)].map(([, title, text]) => ({
    title: title!,
    text: text!,
    prints: [...text!.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((found) => found[1]!),
  }));
}

Deno.test("the packed client: each example of its document prints what it says, in Node and in Deno", async () => {
  const examples = examplesOf(await Deno.readTextFile(`${ROOT}docs/client.md`));
  assert.equal(examples.length, 6);
  await withProject(async (project) => {
    await withServer({ config }, async (server) => {
      for (const { title, text, prints } of examples) {
        assert.ok(prints.length > 0, title);
        for (const { runtime, code, stdout, stderr } of await project.run(programOf(text, server.url))) {
          assert.equal(code, 0, `${title} in ${runtime}: ${stderr}`);
          assert.deepEqual(stdout.replace(/-\d+/g, "").trim().split("\n"), prints, `${title} in ${runtime}`);
        }
      }
    });
    const acp = { ...config, agents: { demo }, tasks: { default_agent: "demo" } };
    await withServer({ config: acp }, async (server) => {
      for (const { runtime, stdout, stderr } of await project.run(programOf(examples[0]!.text, server.url))) {
        const said = [
          "Step 1 of 4: Read the request.",
          "completed 100",
          "All 4 steps are done; the result is in demo.md.",
        ];
        assert.deepEqual(
          stdout.trim().split("\n"),
          said,
          `the first example with an ACP agent, in ${runtime}: ${stderr}`,
        );
      }
    });
  });
});

Deno.test("the packed client: waiting and following continue when the server is killed and restarted", async () => {
  const port = freePort();
  const agents = {
    patient: {
      protocol: "command",
      command: [
        "sh",
        "-c",
        'echo "attempt $TASK_ATTEMPT"; while [ ! -e "go-$TASK_ID" ]; do sleep 0.05; done',
      ],
    },
  };
  const options = {
    config: { ...config, agents, tasks: { default_agent: "patient" } },
    args: ["--port", String(port)],
  };
  const program = `
import { connect } from "opencode-agents-client";
const states: string[] = [];
const client = await connect("http://127.0.0.1:${port}", {
  backoff: { base_ms: 20, max_ms: 200 },
  changed: ({ state }) => states.at(-1) !== state && states.push(state),
});
const id = "Deno" in globalThis ? "deno" : "node";
await client.request("start_task", {
  task: { id, type: "testing", priority: "low", description: "Wait for the file" },
});
const logs = (async () => {
  const lines: string[] = [];
  for await (const { source, message } of await client.followLogs({ agent: id })) {
    if (source === "stdout" && lines.push(message) === 2) break;
  }
  return lines;
})();
console.log((await client.waitFor(id)).status, (await logs).join(", "));
client.close();
console.log(states.filter((state) => state !== "retrying").join(", "));
`;
  await withProject((project) =>
    withServer(options, async (server) => {
      const said = project.run(program);
      for (const id of project.runtimes) {
        const logged = async () => {
          const { reply } = await server.post({ type: "request_log_entries", filter: { agent: id } });
          return JSON.stringify(reply).includes("attempt 1");
        };
        await Promise.race([until(logged, 60_000), said]);
        await server.restart("SIGKILL");
        await Deno.writeTextFile(`${server.dir}/go-${id}`, "");
        const status = async () =>
          ((await server.post({ type: "get_task_status", task_id: id })).reply.task as { status?: string })
            ?.status;
        await Promise.race([until(async () => await status() === "completed", 60_000), said]);
      }
      for (const { runtime, stdout, stderr } of await said) {
        assert.deepEqual(stdout.trim().split("\n"), [
          "completed attempt 1, attempt 2",
          "connected, lost, connected, lost",
        ], `${runtime}: ${stderr}`);
      }
    })
  );
});

Deno.test("the packed client: its declarations are sound, and a wrong field, type or push is a type error", async () => {
  await withProject(({ dir }) => {
    const right = `
import { ApiError, connect, HttpClient, type ErrorCode, type Task } from "opencode-agents-client";
const client = await connect("http://127.0.0.1:8080");
const { task } = await client.request("start_task", {
  task: { id: "a", type: "bugfix", priority: "high", description: "x", execution: { isolation: "worktree" } },
});
const same: Task = task;
const { data } = await client.request("request_log_entries", {});
const level: "debug" | "info" | "warn" | "error" | "fatal" = data.entries[0]!.level;
for await (const push of await client.subscribe(["task_progress"])) {
  if (push.type === "task_progress_update") push.new_progress.toFixed();
}
const code: ErrorCode = new ApiError("TASK_NOT_FOUND", "x").code;
await new HttpClient("http://x").request("ping");
console.log(same, level, code);
`;
    const use = (statement: string) => `${right}\n${statement}\n`;
    const wrong: Record<string, string> = {
      field: use(
        'await client.request("start_task", { task: { ...task, colour: "red", id: "b" } as const, tsak: 1 });',
      ),
      value: use('await client.request("list_tasks", { filter: { status: "finished" } });'),
      absent: use('await client.request("cancel_task", {});'),
      message: use('await client.request("cancel_tasks", { task_id: "a" });'),
      reply: use('(await client.request("ping")).task_id;'),
      channel: use('await client.subscribe(["weather"]);'),
      error: use('const other: ErrorCode = "NO_SUCH_CODE"; console.log(other);'),
    };
    const files = { right, ...wrong };
    const pathOf = (name: string) => join(dir, `${name}.mts`);
    for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(pathOf(name), text);
    const program = ts.createProgram(Object.keys(files).map(pathOf), {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      strict: true,
      noEmit: true,
      // The package's own declarations are checked, too.
      skipLibCheck: false,
      types: [],
    });
    const problems = ts.getPreEmitDiagnostics(program).map(({ messageText, file }) => ({
      path: file?.fileName,
      text: ts.flattenDiagnosticMessageText(messageText, "\n"),
    }));
    for (const name of Object.keys(wrong)) {
      const found = problems.filter(({ path }) => path === pathOf(name));
      assert.equal(found.length, 1, `${name}: ${JSON.stringify(found)}`);
    }
    const others = problems.filter(({ path }) => !Object.keys(wrong).some((name) => path === pathOf(name)));
    assert.deepEqual(others, []);
    return Promise.resolve();
  });
});
