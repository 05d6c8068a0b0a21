/** Real agents that are killed, and whose model fails, against the scripted model. They are installed on first use. */
import assert from "node:assert/strict";
import type { AgentName } from "../fixtures/agents.ts";
import { installed } from "../fixtures/agents.ts";
import { type ModelServer, startModelServer } from "../fixtures/model_server.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";
import { longTest } from "../fixtures/tier.ts";
import { ran, watchRun } from "../agents/fixtures/acp_run.ts";
import { withAgent } from "./fixtures/real_agent.ts";

type Fields = Record<string, unknown>;

const AGENTS: readonly AgentName[] = ["opencode", "claude", "codex", "gemini"];
const PATIENCE_MS = 120_000;

async function withTask(
  name: AgentName,
  prompt: string,
  body: (socket: TestSocket, server: TestServer, model: ModelServer) => Promise<void>,
): Promise<void> {
  const model = await startModelServer();
  const home = await Deno.makeTempDir({ prefix: "oa-home-" });
  try {
    const agent = await installed(name, { model_url: model.url, home });
    const config = {
      limits: { enabled: false },
      agents: { [name]: agent },
      tasks: { default_agent: name, max_attempts: 2, permissions: "allow" },
    };
    await withServer({ config }, async (server) => {
      const socket = await server.connect();
      await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
      const task = { id: "t", type: "feature", priority: "high", description: prompt };
      const reply = await socket.request({ type: "start_task", task });
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
      await body(socket, server, model);
    });
  } finally {
    await model.close();
    await Deno.remove(home, { recursive: true });
  }
}

const becomes = (status: string) => (m: Message) =>
  m.type === "task_status_update" && m.task_id === "t" && m.new_status === status;

async function attemptsOf(socket: TestSocket): Promise<Fields[]> {
  const { result } = await socket.request({ type: "get_task_result", task_id: "t" });
  return (result as Fields).attempts as Fields[];
}

async function killAgent(socket: TestSocket): Promise<void> {
  const { data } = await socket.request({ type: "request_status" });
  const [agent] = (data as Fields).agents as Fields[];
  Deno.kill(Number(agent!.pid), "SIGKILL");
}

for (const name of AGENTS) {
  longTest(
    `${name}: killed at its work, it goes on with its task`,
    () =>
      withTask(name, "mock:plan n=5 delay=700", async (socket, _server, model) => {
        await model.seen(({ side, step }) => !side && step === 3, PATIENCE_MS);
        await killAgent(socket);
        await socket.next(becomes("completed"), PATIENCE_MS);
        const [first, second] = await attemptsOf(socket);
        assert.equal((first!.failure as Fields).kind, "agent_crashed", JSON.stringify(first));
        // Within the minute in which it began, a session of Gemini cannot be loaded.
        if (name !== "gemini") assert.equal(second!.resumed, true);
        const { prompt } = model.requests.filter(({ side }) => !side).at(-1)!;
        const told = second!.resumed ? /^Continue where you stopped\./m : /You began this task in an earlier/;
        assert.match(prompt, told);
        assert.match(prompt, /Agent was ended by SIGKILL/);
      }),
  );

  longTest(
    `${name}: cancelled and retried, it goes on with its task`,
    () =>
      withTask(name, "mock:plan n=5 delay=700", async (socket, _server, model) => {
        await model.seen(({ side, step }) => !side && step === 2, PATIENCE_MS);
        await socket.request({ type: "cancel_task", task_id: "t" });
        await socket.request({ type: "retry_task", task_id: "t" });
        await socket.next(becomes("completed"), PATIENCE_MS);
        const second = (await attemptsOf(socket))[1]!;
        // Within the minute in which it began, a session of Gemini cannot be loaded.
        if (name !== "gemini") assert.equal(second.resumed, true);
        const { prompt } = model.requests.filter(({ side }) => !side).at(-1)!;
        assert.match(prompt, /a person cancelled it/);
      }),
  );
}

longTest(
  "opencode: a request that its model refuses is a refusal",
  () =>
    withAgent("opencode", async (bench, ask) => {
      const { outcome } = await ran(bench, ask("mock:http code=400"));
      assert.deepEqual(outcome.failure, { kind: "refused", message: "Internal error: scripted error 400" });
    }),
);

for (const name of ["claude", "codex"] as const) {
  longTest(
    `${name}: the program inside its adapter is killed, and it goes on in its session`,
    () =>
      withTask(name, "mock:plan n=5 delay=700", async (socket, _server, model) => {
        await model.seen(({ side, step }) => !side && step === 3, PATIENCE_MS);
        const { data } = await socket.request({ type: "request_status" });
        const [agent] = (data as Fields).agents as Fields[];
        Deno.kill(await childOf(Number(agent!.pid), /\/(claude|codex)$/), "SIGKILL");
        await socket.next(becomes("completed"), PATIENCE_MS);
        const [first, second] = await attemptsOf(socket);
        assert.equal((first!.failure as Fields).kind, "agent_crashed", JSON.stringify(first));
        assert.equal(second!.resumed, true);
      }),
  );
}

/** The pid of the child, at any depth, whose program is called so. */
async function childOf(parent: number, program: RegExp): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid=,ppid=,args="] }).output();
  const rows = new TextDecoder().decode(stdout).split("\n").map((line) => line.trim().split(/\s+/));
  const todo = [String(parent)];
  for (let pid = todo.pop(); pid !== undefined; pid = todo.pop()) {
    for (const [child, of, command = ""] of rows) {
      if (of !== pid) continue;
      if (program.test(command)) return Number(child);
      todo.push(child!);
    }
  }
  throw new Error(`no child of ${parent} is ${program}`);
}

for (const name of ["opencode", "codex", "claude"] as const) {
  longTest(
    `${name}: an overloaded model fails the task as such, with its session kept`,
    () =>
      withAgent(name, async (bench, ask) => {
        const { outcome, all } = await ran(bench, ask("mock:http code=529"));
        assert.equal(outcome.failure?.kind, "overloaded", outcome.failure?.message);
        assert.equal(all("session")[0]!.resumable, true);
      }),
  );
}

longTest(
  "codex: a connection that breaks fails the task as such",
  () =>
    withAgent("codex", async (bench, ask) => {
      const { outcome } = await ran(bench, ask("mock:drop after=2"));
      assert.equal(outcome.failure?.kind, "network", outcome.failure?.message);
    }),
);

longTest(
  "gemini: reads the instructions of the project in which it works",
  () =>
    withAgent("gemini", async (bench, ask, model) => {
      await Deno.writeTextFile(`${bench.folder}/work/GEMINI.md`, "Always whistle while you work.");
      const isTold = () => model.requests.some(({ told }) => told.includes("Always whistle while you work."));
      await ran(bench, ask("mock:simple", { env: { GEMINI_CLI_TRUST_WORKSPACE: "false" } }));
      assert.equal(isTold(), false, "a task's own setting counts");
      const { outcome } = await ran(bench, ask("mock:simple"));
      assert.equal(outcome.status, "completed", outcome.failure?.message);
      assert.equal(isTold(), true);
    }),
);

longTest(
  "gemini: killed after its first minute, its session goes on, and its history is not told again",
  () =>
    withAgent("gemini", async (bench, ask) => {
      const wish = { permissions: "allow" } as const;
      const first = await watchRun(bench, ask("mock:plan n=200 delay=1000", wish));
      const { session_id, opened_at } = await first.first("session");
      const minute = Math.floor(Date.parse(opened_at!) / 60_000);
      await first.first("log", () => Math.floor(Date.now() / 60_000) > minute);
      Deno.kill(first.run.pid, "SIGKILL");
      assert.equal((await first.run.outcome).failure?.kind, "agent_crashed");
      const before = first.all("log").filter(({ source }) => source === "tool").length;

      const resume = { session_id, opened_at };
      const second = await watchRun(bench, ask("mock:plan n=200 delay=1000", { ...wish, resume }));
      assert.equal((await second.first("session")).resumed, true);
      await second.first("at_work");
      await second.run.stop();
      const after = second.all("log").filter(({ source }) => source === "tool").length;
      assert.ok(after < before, `${after} tool calls of ${before} are told`);
    }),
);
