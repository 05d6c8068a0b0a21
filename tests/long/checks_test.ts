/** Checks with real agents in a worktree: what fails goes back in the session, and a server that is killed checks again. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type AgentName, installed } from "../fixtures/agents.ts";
import { startModelServer } from "../fixtures/model_server.ts";
import { Repository } from "../fixtures/repository.ts";
import { withServer } from "../fixtures/server.ts";
import { longTest } from "../fixtures/tier.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

/** A real agent needs seconds to start, and more on a machine that does other things too. */
const PATIENCE_MS = 300_000;

/** Passes once hello.txt says bye, and is held until there is a file `go`. The agent is told how to make it pass. */
const CHECK = `
echo $$ >> "$SEEN/pids"
grep -q bye hello.txt || { echo 'mock:bash cmd="echo bye > hello.txt" escalate=1'; exit 4; }
test -f "$SEEN/go" || { touch "$SEEN/held"; sleep 600; }
`;

for (const name of ["opencode", "claude", "codex", "gemini"] satisfies AgentName[]) {
  longTest(
    `${name}: mends what a check finds, and is checked again after its server was killed`,
    async () => {
      const model = await startModelServer();
      const home = await Deno.makeTempDir({ prefix: "oa-home-" });
      const config = {
        limits: { enabled: false },
        agents: { [name]: await installed(name, { model_url: model.url, home }) },
        tasks: { default_agent: name, retry_delay_ms: 100, unresponsive_limit_ms: 40_000 },
      };
      try {
        await withServer({ config }, async (server) => {
          const repository = await Repository.create(join(server.dir, "repository"));
          const seen = join(server.dir, "seen");
          await Deno.mkdir(seen);
          const ask = async (type: string) => (await server.post({ type, task_id: "t" })).reply;
          const task = {
            id: "t",
            type: "feature",
            priority: "medium",
            description: "mock:write path=hello.txt text=hello escalate=1",
            execution: {
              working_dir: repository.path,
              isolation: "worktree",
              permissions: "allow",
              env: { SEEN: seen },
              checks: [["sh", "-c", CHECK, "check"]],
            },
          };
          const { reply } = await server.post({ type: "start_task", task });
          assert.equal(reply.type, "task_started", JSON.stringify(reply));
          await until(() => Deno.stat(join(seen, "held")).then(() => true, () => false), PATIENCE_MS);
          const begun = (await Deno.readTextFile(join(seen, "pids"))).trim().split("\n").map(Number);
          assert.equal(begun.length, 2);
          await server.stop("SIGKILL");
          await until(() => {
            try {
              Deno.kill(begun[1]!, "SIGCONT");
              return false;
            } catch {
              return true;
            }
          }, PATIENCE_MS);
          await Deno.writeTextFile(join(seen, "go"), "");
          await server.start();
          const status = async () => ((await ask("get_task_status")).task as Fields).status;
          await until(async () => /completed|failed/.test(String(await status())), PATIENCE_MS);
          const ended = (await ask("get_task_status")).task as Fields;
          assert.equal(ended.status, "completed", String(ended.error));
          const { checks, turns } = (await ask("get_task_result")).result as {
            checks: Fields[];
            turns: Fields[];
          };
          assert.deepEqual(checks.map(({ ok, exit_code }) => [ok, exit_code]), [[true, 0]]);
          assert.deepEqual((turns[0]!.checks as Fields[]).map(({ exit_code }) => exit_code), [4]);
          const { messages } = await ask("get_conversation") as { messages: Fields[] };
          const told = messages.filter(({ role, source }) => role === "user" && source === "check");
          assert.deepEqual(told.map(({ state }) => state), ["delivered"]);
          const { path } = ended.workspace as { path: string };
          assert.equal(await Deno.readTextFile(join(path, "hello.txt")), "bye\n");
          assert.equal((await Deno.readTextFile(join(seen, "pids"))).trim().split("\n").length, 3);
        });
      } finally {
        await model.close();
        await Deno.remove(home, { recursive: true });
      }
    },
  );
}
