/**
 * The whole of the work with a real agent, from the command line: it works in a worktree, is sent back with a comment, is
 * talked to while its server is killed, and its work is accepted into the branch.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { withCli } from "../cli/fixtures/cli.ts";
import { type AgentName, installed } from "../fixtures/agents.ts";
import { startModelServer } from "../fixtures/model_server.ts";
import { Repository } from "../fixtures/repository.ts";
import { longTest } from "../fixtures/tier.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

/** A real agent needs seconds to start, and more on a machine that does other things too. */
const PATIENCE_MS = 300_000;

const FIRST = "mock:write path=hello.txt text=hello escalate=1";
const COMMENT = 'Say goodbye instead. mock:bash cmd="echo goodbye > hello.txt" escalate=1';
const LONG = "mock:plan n=4 delay=1500";
const AFTER = "mock:write path=after.txt text=after escalate=1";
const LAST = "mock:write path=last.txt text=last escalate=1";

for (const name of ["opencode", "claude", "codex", "gemini"] satisfies AgentName[]) {
  longTest(`${name}: works, is reviewed, talked to, killed in a turn, and its work is accepted`, async () => {
    const model = await startModelServer();
    const home = await Deno.makeTempDir({ prefix: "oa-home-" });
    const config = {
      limits: { enabled: false },
      agents: { [name]: await installed(name, { model_url: model.url, home }) },
      tasks: { default_agent: name, retry_delay_ms: 100, unresponsive_limit_ms: 40_000 },
    };
    try {
      await withCli(async ({ server, run, json }) => {
        const repository = await Repository.create(join(server.dir, "repository"), {
          "README.md": "Hello\n",
        });
        const ok = async (...args: string[]) => {
          const { code, stdout, stderr } = await run(args);
          assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
          return stdout;
        };
        const task = async () =>
          (await server.post({ type: "get_task_status", task_id: "loop" })).reply.task as Fields;
        const ends = async (turn: number) => {
          await until(async () => {
            const { status, turn: now, queued_messages } = await task();
            return now === turn && queued_messages === 0 && /completed|failed|cancelled/.test(String(status));
          }, PATIENCE_MS);
          const { status, error, review } = await task();
          assert.deepEqual([status, review], ["completed", "to_review"], String(error));
        };
        const attempts = async () =>
          ((await server.post({ type: "get_task_result", task_id: "loop" })).reply.result as Fields)
            .attempts as Fields[];

        const where = ["--isolation", "worktree", "--cwd", repository.path, "--permissions", "allow"];
        await ok("run", FIRST, "--id", "loop", ...where);
        await ends(1);
        assert.match(await ok("diff", "loop"), /new file mode[^]*\+hello\n/);
        assert.deepEqual(
          await Array.fromAsync(Deno.readDir(repository.path), (one) => one.name).then((all) =>
            all.toSorted()
          ),
          [".git", "README.md"],
        );

        await ok("review", "loop", "--comment", `hello.txt:1:${COMMENT}`);
        await ends(2);
        const since = await ok("diff", "loop", "--since", "last_review");
        assert.match(since, /-hello\n(\\ [^\n]*\n)?\+goodbye\n/);

        // The server dies in the third turn, while another message waits.
        assert.match(await ok("say", "loop", LONG), /turn 3/);
        await model.seen(
          ({ scenario, step, side, result }) =>
            scenario === "plan" && step === 2 && !side && result === "open",
          PATIENCE_MS,
        );
        assert.equal((await json("say", "loop", AFTER)).delivery, "queued");
        await server.restart("SIGKILL");
        await ends(4);
        const told = model.requests.filter(({ side }) => !side).at(-1)!;
        const made = await attempts();
        // Within the minute in which it began, a session of Gemini cannot be loaded.
        if (name !== "gemini") {
          assert.deepEqual(made.slice(1).map(({ resumed }) => resumed), made.slice(1).map(() => true));
          for (const text of [FIRST, LONG, AFTER]) assert.equal(told.text.split(text).length - 1, 1, text);
        }

        const { messages } = await json("conversation", "loop") as { messages: Fields[] };
        assert.deepEqual(
          messages.map(({ turn, role, source, state }) => `${turn} ${role} ${source} ${state}`),
          [
            "1 user task delivered",
            "1 agent task delivered",
            "2 user review delivered",
            "2 agent review delivered",
            "3 user message delivered",
            "4 user message delivered",
            "3 agent message delivered",
            "4 agent message delivered",
          ],
        );
        assert.match(String(messages.at(-2)!.text), /All 4 steps completed/);

        assert.match(await ok("accept", "loop"), /^main has the changes of loop/);
        assert.equal(await repository.git("status", "--porcelain"), "");
        assert.equal(await repository.git("branch", "--list", "--format", "%(refname:short)"), "main");
        assert.equal(await repository.git("show", "main:hello.txt"), "goodbye");
        assert.equal((await Deno.readTextFile(join(repository.path, "after.txt"))).trim(), "after");
        assert.deepEqual((await json("worktrees")).worktrees, []);

        // It goes on in a new worktree, from what the branch is by now.
        await ok("say", "loop", LAST);
        await ends(5);
        assert.deepEqual((await task()).changes, { files: 1, additions: 1, deletions: 0, commits: 1 });
        await ok("accept", "loop");
        assert.equal((await Deno.readTextFile(join(repository.path, "last.txt"))).trim(), "last");
        assert.equal((await task()).review, "accepted");
      }, config);
    } finally {
      await model.close();
      await Deno.remove(home, { recursive: true });
    }
  });
}
