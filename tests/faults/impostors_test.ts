/** An agent counts as what it is, whatever key its processes show: the server sees who has the connection open. */
import assert from "node:assert/strict";
import { type ServerOptions, type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

// deno-lint-ignore no-explicit-any -- the test looks into messages of every type
type Message = Record<string, any>;

const IMPOSTOR = new URL("./fixtures/impostor.ts", import.meta.url).pathname;
const PROGRAM = `${Deno.execPath()} run --quiet --no-lock -A ${IMPOSTOR}`;
const ENDED = ["completed", "failed", "cancelled"];

const start = (id: string, more: Message = {}) => ({
  type: "start_task",
  task: { id, type: "testing", priority: "medium", description: `do ${id}`, ...more },
});

const options = (auth: string): ServerOptions => ({
  config: {
    limits: { enabled: false },
    security: { auth },
    agents: {
      wait: { protocol: "command", command: ["sleep", "600"] },
      ...Object.fromEntries(
        ["nothing", "owner", "mcp", "socket", "hasty"].map((way) => [way, {
          protocol: "command",
          command: ["sh", "-c", `exec ${PROGRAM} "$OA_ADDRESS" ${way}`],
          pass_env: ["OA_ADDRESS", "DENO_DIR"],
        }]),
      ),
      // Its own shell has ended when it asks, and it leads a session of its own.
      daemon: {
        protocol: "command",
        command: [
          "sh",
          "-c",
          `(setsid sh -c '${PROGRAM} "$OA_ADDRESS" owner "$OA_TOLD"' >/dev/null 2>&1 &); ` +
          `while [ ! -e "$OA_TOLD" ]; do sleep 0.1; done; cat "$OA_TOLD"`,
        ],
        pass_env: ["OA_ADDRESS", "OA_TOLD", "DENO_DIR"],
      },
    },
    tasks: { default_agent: "wait", max_concurrent: 10 },
  },
});

async function withImpostors(auth: string, test: (server: TestServer) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const env = { OA_ADDRESS: `${dir}/server.json`, OA_TOLD: `${dir}/told` };
  try {
    await withServer(
      options(auth),
      async (server) => {
        await Deno.symlink(`${server.data}/server.json`, env.OA_ADDRESS);
        await test(server);
      },
      env,
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function sent(server: TestServer, message: Message): Promise<Message> {
  const { token } = JSON.parse(await Deno.readTextFile(`${server.data}/server.json`));
  return (await server.post(message, { authorization: `Bearer ${token}` })).reply;
}

/** What the impostor was answered. */
async function answers(server: TestServer, id: string): Promise<Message[]> {
  const result = () => sent(server, { type: "get_task_result", task_id: id });
  await until(async () => ENDED.includes((await result()).status), 60_000);
  const { status, result: { output } } = await result();
  assert.equal(status, "completed", output);
  return JSON.parse(output);
}

const codeOf = (reply: Message): string | undefined =>
  reply.code ?? (reply.result?.isError ? JSON.parse(reply.result.content[0].text).code : undefined);

for (const auth of ["none", "required"]) {
  Deno.test({
    name: `an agent counts as what it is, whatever its processes show: auth ${auth}`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withImpostors(auth, async (server) => {
        await sent(server, start("victim"));
        for (const way of ["nothing", "owner", "mcp", "socket", "daemon"]) {
          const messages: Message[] = [start(`of_${way}`), { type: "cancel_task", task_id: "victim" }];
          if (way !== "mcp") messages.push({ type: "release_agent", agent: "wait" });
          const id = `impostor_${way}`;
          await sent(server, start(id, { execution: { agent: way, prompt: JSON.stringify(messages) } }));
          const [, cancelled, released] = await answers(server, id);
          assert.equal(codeOf(cancelled!), "PERMISSION_DENIED", `${way}: ${JSON.stringify(cancelled)}`);
          if (released) {
            assert.equal(codeOf(released), "PERMISSION_DENIED", `${way}: ${JSON.stringify(released)}`);
          }
          const { task } = await sent(server, { type: "get_task_status", task_id: `of_${way}` });
          assert.deepEqual(task.created_by, { kind: "agent", id, name: way, tenant: "default" });
        }
        // Others stay what they are while agents are at work.
        const { task } = await sent(server, { type: "get_task_status", task_id: "victim" });
        assert.equal(task.status, "running");
        assert.equal(task.created_by.kind, "owner");
        assert.equal((await sent(server, start("after"))).task.created_by.kind, "owner");
      }),
  });
}

Deno.test({
  name: "an agent that closes its connection at once is not taken for the owner",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withImpostors("required", async (server) => {
      const messages = Array.from({ length: 20 }, (_, i) => start(`hasty_${i}`));
      await sent(server, start("hasty", { execution: { agent: "hasty", prompt: JSON.stringify(messages) } }));
      await answers(server, "hasty");
      // What it asked for has arrived before this is answered.
      await sent(server, { type: "ping" });
      const { tasks } = await sent(server, { type: "list_tasks", limit: 100 });
      for (const { id, created_by } of tasks as Message[]) {
        if (id !== "hasty") assert.equal(created_by.kind, "agent", id);
      }
    }),
});
