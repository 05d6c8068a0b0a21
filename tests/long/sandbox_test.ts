/** The real agents in sandboxes: they work, commit, and go on in their sessions, with either kind of home folder. */
import assert from "node:assert/strict";
import { type AgentName, installed } from "../fixtures/agents.ts";
import { PATH_WITH_BWRAP, sandboxTest } from "../fixtures/bubblewrap.ts";
import { startModelServer } from "../fixtures/model_server.ts";
import { Repository } from "../fixtures/repository.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { TIER } from "../fixtures/tier.ts";
import { until } from "../fixtures/until.ts";

const AGENTS: readonly AgentName[] = ["opencode", "claude", "codex", "gemini"];
/** An agent takes seconds to start, and many more on a busy machine. */
const PATIENCE_MS = 240_000;

type Reply = Record<string, unknown>;

async function ended(server: TestServer, task_id: string): Promise<Reply> {
  let task: Reply = {};
  await until(async () => {
    const { reply } = await server.post({ type: "get_task_status", task_id });
    task = reply.task as Reply;
    return ["completed", "failed", "cancelled"].includes(String(task.status));
  }, PATIENCE_MS).catch(async (error) => {
    throw new Error(`${error}\n${JSON.stringify(task)}\n${await logOf(server, task_id)}`);
  });
  return task;
}

async function logOf(server: TestServer, task_id: string): Promise<string> {
  const { reply } = await server.post({
    type: "request_log_entries",
    filter: { agent: task_id },
    limit: 200,
  });
  return (reply.data as { entries: Reply[] }).entries.map(({ message }) => message).join("\n");
}

async function play(name: AgentName, home: "shared" | "own"): Promise<void> {
  const model = await startModelServer();
  const place = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.mkdir(`${place}/home/.ssh`, { recursive: true });
    await Deno.writeTextFile(`${place}/home/.ssh/id`, "a key");
    const agent = await installed(name, { model_url: model.url, home: `${place}/home` });
    const config = {
      agents: { [name]: { ...agent, sandbox: { kind: "bwrap", home, write: [], read: [] } } },
      tasks: { default_agent: name, permissions: "allow" },
      limits: { enabled: false },
    };
    await withServer({ config }, async (server) => {
      const look = `ls -A ${server.data} ~/.ssh > seen.txt 2>&1; git commit -qam mine\n`;
      const repository = await Repository.create(`${server.dir}/project`, {
        "look.sh": look,
        "seen.txt": "",
      });
      const task_id = "boxed";
      const task = {
        id: task_id,
        type: "testing",
        priority: "high",
        description: "in a box",
        execution: {
          prompt: "mock:write path=made.txt text=boxed",
          isolation: "worktree",
          working_dir: repository.path,
        },
      };
      const { reply } = await server.post({ type: "start_task", task });
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
      const first = await ended(server, task_id);
      assert.equal(first.status, "completed", `${first.error}\n${await logOf(server, task_id)}`);
      assert.equal(await repository.git("show", "opencode-agents/boxed:made.txt"), "boxed");
      const said = await server.post({
        type: "send_message",
        task_id,
        message: 'mock:bash cmd="sh look.sh"',
      });
      assert.equal(said.reply.type, "message_sent", JSON.stringify(said.reply));
      const second = await ended(server, task_id);
      assert.equal(second.status, "completed", `${second.error}\n${await logOf(server, task_id)}`);
      const seen = await repository.git("show", "opencode-agents/boxed:seen.txt");
      assert.doesNotMatch(seen, /address|kv\.sqlite|^id$/m, seen);
      // Within the minute in which it began, a session of Gemini cannot be loaded.
      if (name !== "gemini") {
        await until(async () => /goes on in its earlier session/.test(await logOf(server, task_id)));
      }
    }, { PATH: PATH_WITH_BWRAP });
  } finally {
    await model.close();
    await Deno.remove(place, { recursive: true });
  }
}

for (const name of AGENTS) {
  for (const home of ["shared", "own"] as const) {
    sandboxTest(
      `${name} works in a sandbox with ${home === "own" ? "a home of its own" : "the account's home"}`,
      () => play(name, home),
      TIER === "long",
    );
  }
}
