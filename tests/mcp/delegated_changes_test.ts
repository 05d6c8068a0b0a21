/** The agent of a task in a worktree delegates, talks with its task's agent, and takes the work into its own branch: real git. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { DENO_ENV } from "../../src/agents/supervision/reaper_process.ts";
import { frank } from "../agents/fixtures/acp_run.ts";
import { git, Repository } from "../fixtures/repository.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { refusal, SDK_TIMERS, use, withMcp } from "./fixtures/mcp_client.ts";

type Fields = Record<string, unknown>;

const FILES = { "file.txt": "1\n2\n3\n", "sub/other.txt": "other\n" };
/** Works until the test says that it may end. */
const PARENT =
  'printf "mine\\n" > own.txt; printf "%s" "$OPENCODE_AGENTS_TASK_TOKEN" > "$OA_ROOM/token.tmp"; ' +
  'mv "$OA_ROOM/token.tmp" "$OA_ROOM/token"; while [ ! -e "$OA_ROOM/end" ]; do sleep 0.05; done';

interface Bench {
  server: TestServer;
  repository: Repository;
  /** The worktree of the task that delegates. */
  root: string;
  /** Its agent's tools. */
  client: Client;
  status(task_id: string): Promise<Fields>;
}

async function withParent(isolation: string, test: (bench: Bench) => Promise<void>): Promise<void> {
  const room = await Deno.makeTempDir({ prefix: "oa-room-" });
  const config = {
    limits: { enabled: false },
    agents: {
      sh: { protocol: "command", command: ["sh", "-c", "{prompt}"], env: { OA_ROOM: room } },
      frank: { protocol: "acp", command: frank({}), pass_env: DENO_ENV },
    },
    tasks: { default_agent: "sh", max_concurrent: 4, permissions: "allow" },
  };
  try {
    await withServer({ config }, async (server) => {
      const repository = await Repository.create(join(server.dir, "project"), FILES);
      const execution = { isolation, working_dir: repository.path, prompt: PARENT };
      const task = { id: "up", type: "feature", priority: "low", description: "Delegate", execution };
      const started = await server.post({ type: "start_task", task });
      assert.equal(started.reply.type, "task_started", JSON.stringify(started.reply));
      const status = async (task_id: string) =>
        (await server.post({ type: "get_task_status", task_id })).reply.task as Fields;
      const token = `${room}/token`;
      await until(() => Deno.stat(token).then(() => true, () => false), 60_000);
      const { workspace } = await status("up") as { workspace?: { path: string } };
      const env = { OPENCODE_AGENTS_TASK_TOKEN: await Deno.readTextFile(token) };
      await withMcp(
        "http",
        server,
        (client) => test({ server, repository, root: workspace?.path ?? "", client, status }),
        env,
      );
      await Deno.writeTextFile(`${room}/end`, "");
      await until(async () => (await status("up")).status === "completed", 60_000);
      if (isolation === "none") return;
      // What it has taken from others is its own work now.
      const names = await git(repository.path, "diff", "--name-only", "main", "opencode-agents/up");
      assert.equal(names, "file.txt\nown.txt\nsub/theirs.txt");
      assert.equal((await status("up")).review, "to_review");
    });
  } finally {
    await Deno.remove(room, { recursive: true });
  }
}

Deno.test(
  "a task in a worktree starts no other one in the checkout that it was made from, by whatever path",
  SDK_TIMERS,
  () =>
    withParent("worktree", async ({ server, repository, root }) => {
      const link = join(server.dir, "link");
      await Deno.symlink(repository.path, link);
      const room = JSON.parse(await Deno.readTextFile(`${server.dir}/config.json`)).agents.sh.env.OA_ROOM;
      const authorization = `Bearer ${await Deno.readTextFile(`${room}/token`)}`;
      const start = async (id: string, execution: Fields) => {
        const task = { id, type: "feature", priority: "low", description: "true", execution };
        return (await server.post({ type: "start_task", task }, { authorization })).reply as Fields;
      };
      const paths = [undefined, repository.path, `${repository.path}/sub`, link, root, `${link}/../link/sub`];
      for (const [i, working_dir] of paths.entries()) {
        const reply = await start(`main_${i}`, { working_dir, isolation: "none" });
        assert.equal(reply.code, "PERMISSION_DENIED", `${working_dir}: ${JSON.stringify(reply)}`);
      }
      // Without a word about isolation, no path leads there either.
      for (const [i, working_dir] of paths.entries()) {
        const reply = await start(`apart_${i}`, { working_dir });
        const { execution } = (reply.task ?? {}) as { execution?: Fields };
        assert.ok(
          reply.code === "PERMISSION_DENIED" || execution?.isolation === "worktree",
          `${working_dir}: ${JSON.stringify(reply)}`,
        );
      }
      // What the parent does at its end is looked at by other tests.
      await Deno.writeTextFile(join(root, "file.txt"), "1\n2\n3\n4\n");
      await Deno.writeTextFile(join(root, "sub/theirs.txt"), "t\n");
    }),
);

Deno.test(
  "mcp: a child's work goes into the branch and the folder of its parent, beside the parent's own edits",
  SDK_TIMERS,
  () =>
    withParent("worktree", async ({ server, repository, root, client, status }) => {
      const delegate = async (task_id: string, prompt: string, more: Fields = {}) =>
        await use(client, "start_task", { task_id, prompt, wait: true, timeout_seconds: 60, ...more });
      await git(root, "commit", "--quiet", "--allow-empty", "-m", "Begun");
      await Deno.writeTextFile(join(root, "file.txt"), "1\n2\nmine\n");
      // It names the folder as it knows it.
      const child = await delegate("child", "echo theirs > theirs.txt; pwd", {
        working_dir: join(root, "sub"),
      });
      assert.deepEqual([child.status, child.review, child.needs, (child.changes as Fields).files], [
        "completed",
        "to_review",
        "review",
        1,
      ]);
      const { workspace, execution } = await status("child") as { workspace: Fields; execution: Fields };
      assert.deepEqual([execution.isolation, execution.base, workspace.base, execution.working_dir], [
        "worktree",
        "opencode-agents/up",
        "opencode-agents/up",
        join(repository.path, "sub"),
      ]);
      assert.equal(String(child.output).trim(), workspace.path);
      assert.equal(await git(repository.path, "status", "--short"), "");

      const changes = await use(client, "get_task_changes", { task_id: "child" });
      assert.match(JSON.stringify(changes.files), /sub\/theirs\.txt.*\+theirs/);
      const elsewhere = await refusal(client, "accept_changes", { task_id: "child", into: "main" });
      assert.equal(elsewhere.code, "PERMISSION_DENIED");
      assert.match(String(elsewhere.message), /'opencode-agents\/up'\. Leave out 'into'/);

      const accepted = await use(client, "accept_changes", {
        task_id: "child",
        message: "What the child did",
      });
      assert.equal(accepted.into, "opencode-agents/up");
      assert.equal(await git(root, "log", "-2", "--format=%s"), "What the child did\nBegun");
      assert.equal(await git(root, "rev-parse", "HEAD"), accepted.commit);
      assert.equal(await Deno.readTextFile(join(root, "sub/theirs.txt")), "theirs\n");
      assert.equal(await Deno.readTextFile(join(root, "file.txt")), "1\n2\nmine\n");
      assert.equal(await git(root, "status", "--short"), " M file.txt\n?? own.txt");
      assert.equal((await status("child")).review, "accepted");

      // What both have edited is nobody's to overwrite.
      await delegate("same", "printf '1\\n2\\ntheirs\\n' > file.txt");
      const refused = await refusal(client, "accept_changes", { task_id: "same" });
      assert.deepEqual(
        [refused.code, (refused.details as Fields).reason, (refused.details as Fields).files],
        [
          "CHANGES_CONFLICT",
          "uncommitted",
          ["file.txt"],
        ],
      );
      assert.equal(await Deno.readTextFile(join(root, "file.txt")), "1\n2\nmine\n");
      await git(root, "commit", "--quiet", "-am", "My own line");
      const conflict = await refusal(client, "accept_changes", { task_id: "same" });
      assert.equal((conflict.details as Fields).reason, "conflict");
      assert.deepEqual((await use(client, "update_workspace", { task_id: "same" })).conflicts, ["file.txt"]);
      const { kept_as } = await use(client, "discard_changes", { task_id: "same" });
      assert.equal(await git(repository.path, "show", `${kept_as}:file.txt`), "1\n2\ntheirs");
      assert.deepEqual((await use(client, "list_tasks", { needs: ["review"] })).tasks, []);

      const own = {
        id: "persons",
        type: "feature",
        priority: "low",
        description: "x",
        execution: {
          isolation: "worktree",
          working_dir: repository.path,
          prompt: "echo > x",
        },
      };
      await server.post({ type: "start_task", task: own });
      await until(async () => (await status("persons")).status === "completed", 60_000);
      for (const tool of ["accept_changes", "discard_changes", "update_workspace"]) {
        const denied = await refusal(client, tool, { task_id: "persons" });
        assert.equal(denied.code, "PERMISSION_DENIED", tool);
        assert.match(String(denied.message), /has not started\. Leave that task as it is/);
      }
      const message = await refusal(client, "send_message", { task_id: "up", message: "Go on" });
      assert.match(String(message.message), /which is its own\. Do the work/);
      assert.equal((await use(client, "get_task_changes", { task_id: "persons" })).ahead, 1);
    }),
);

Deno.test(
  "mcp: a task's agent is told more, and what was said can be read; without a branch nothing is accepted",
  SDK_TIMERS,
  () =>
    withParent("none", async ({ repository, client }) => {
      const talk = { task_id: "talks", agent: "frank", wait: true, timeout_seconds: 60 };
      const first = await use(client, "start_task", { ...talk, prompt: "The first words" });
      assert.equal(first.status, "completed", JSON.stringify(first));
      const sent = await use(client, "send_message", { task_id: "talks", message: "And the second" });
      assert.deepEqual([sent.delivery, sent.turn], ["reopened", 2]);
      const ended = await use(client, "wait_for_task", { task_id: "talks", timeout_seconds: 60 });
      assert.match(String(ended.output), /And the second/);
      const { messages, left_out } = await use(client, "get_conversation", { task_id: "talks", last: 3 });
      assert.deepEqual((messages as Fields[]).map(({ role, turn }) => [role, turn]), [
        ["agent", 1],
        ["user", 2],
        ["agent", 2],
      ]);
      assert.equal(left_out, 1);

      const changed = await use(client, "start_task", {
        task_id: "changed",
        prompt: "echo > new.txt",
        isolation: "worktree",
        working_dir: repository.path,
        wait: true,
        timeout_seconds: 60,
      });
      assert.equal(changed.review, "to_review");
      const refused = await refusal(client, "accept_changes", { task_id: "changed" });
      assert.equal(refused.code, "PERMISSION_DENIED");
      assert.match(String(refused.message), /works in a folder\. Leave the changes to a person/);
    }),
);
