/** `diff` and `review` against a real server: what people read, what programs read, and what git can apply. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { git, Repository } from "../fixtures/repository.ts";
import { withCli } from "./fixtures/cli.ts";

const WORK =
  `printf '1\\ntwo\\n3\\n' > file.txt; mkdir sub; printf 'new\\n' > "sub/a b.txt"; printf 'x\\0' > data.bin`;

Deno.test("cli: diff shows what a task has changed, as git can apply it; review says why it cannot be sent", () =>
  withCli(async ({ server, run, json, taskIs }) => {
    const path = join(server.dir, "repository");
    const repository = await Repository.create(path, { "file.txt": "1\n2\n3\n" });
    const started = await run(["run", WORK, "--id", "one", "-w", "--cwd", path, "--follow"]);
    assert.equal(started.code, 0, started.stderr);
    assert.match(
      started.stderr,
      /^to review: 3 files \+2 −1\n {2}read it +opencode-agents diff one[^]* accept one/m,
    );
    await taskIs("one", /completed/);
    assert.match((await run(["tasks"])).stdout, /CHANGES[^]*3 files \+2 −1/);

    const diff = await run(["diff", "one"]);
    assert.equal(diff.code, 0, diff.stderr);
    assert.match(diff.stdout, /^# data\.bin: added, binary\ndiff --git a\/file\.txt b\/file\.txt\n/);
    assert.match(diff.stdout, /\n-2\n\+two\n/);
    assert.equal(diff.stderr, "1 commit ahead of its base, 0 behind\n");
    await Deno.writeTextFile(join(server.dir, "patch"), diff.stdout);
    await git(repository.path, "apply", join(server.dir, "patch"));
    assert.equal(await Deno.readTextFile(join(path, "sub/a b.txt")), "new\n");

    const part = await run(["diff", "one", "sub", "-U", "0"]);
    assert.match(part.stdout, /^diff --git a\/sub\/a b\.txt b\/sub\/a b\.txt\nnew file[^]*\n\+new\n$/);
    const stat = await run(["diff", "one", "--stat"]);
    assert.equal(
      stat.stdout,
      " data.bin    | binary\n file.txt    | 2 +-\n sub/a b.txt | 1 +\n 3 files changed, +2 −1\n",
    );
    assert.deepEqual((await json("diff", "one", "--since", "last_turn")).totals, {
      files: 3,
      additions: 2,
      deletions: 1,
    });
    const nothing = await run(["diff", "one", "elsewhere"]);
    assert.deepEqual([nothing.stdout, nothing.stderr], ["", "no changes\n"]);

    const asks = await run(["asks"]);
    assert.match(asks.stdout, /^NEEDS .*\nto review +one +for [^\n]+ +diff one +3 files \+2 −1: printf/);
    assert.match(
      asks.stderr,
      /^after diff ID: accept ID, review ID -m TEXT .*\neach as: opencode-agents COMMAND/,
    );
    const [ask, ...more] = (await json("asks")).asks;
    assert.deepEqual([ask.task_id, ask.kind, ask.command, more], ["one", "review", "diff one", []]);
    assert.match((await run(["status"])).stdout, /\nfor you 1 to review {2}\(opencode-agents asks/);
    assert.match((await run(["top"])).stdout, /REVIEW: 3 files \+2 −1: printf/);
    for (
      const [needs, ids] of [[[], ["one"]], [["review", "budget"], ["one"]], [["question"], []]] as const
    ) {
      const { tasks } = await json("tasks", "--needs", ...needs);
      assert.deepEqual(tasks.map(({ id }: { id: string }) => id), ids);
    }
    assert.match((await run(["tasks", "--needs"])).stdout, /^ID .* NEEDS .*\none .* to review /);
    assert.match(
      (await run(["task", "one"])).stdout,
      /changes +3 files \+2 −1, 1 commit: to review\n[^]*needs you +to review: .*\(opencode-agents diff one\)/,
    );

    // The person's branch has the same files by now, from the patch above.
    const refused = await run(["accept", "one"]);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /CHANGES_CONFLICT: .*\n {2}file\.txt\n[^]*Nothing has changed\. Commit, stash/,
    );
    const empty = await run(["worktrees", "--prune"]);
    assert.deepEqual([empty.stdout, empty.stderr.split("\n").slice(-2)], ["", [
      "there is nothing to remove",
      "",
    ]]);

    const malformed = await run(["review", "one", "-c", "file.txt:two"]);
    assert.match(malformed.stderr, /FILE:LINE:TEXT is expected/);
    const command = await run(["review", "one", "-c", "file.txt:2:Why?", "-m", "Again"]);
    assert.equal(command.code, 1);
    assert.match(command.stderr, /Agent 'shell' of task 'one' is a command, which takes no messages/);
    const line = await run(["review", "one", "-c", "file.txt:9-11:Why?"]);
    assert.match(line.stderr, /comments\[0\]\.line/);

    await repository.git("checkout", "--quiet", "--", ".");
    await Deno.remove(join(path, "sub"), { recursive: true });
    const accepted = await run(["accept", "one"]);
    assert.equal(accepted.code, 0, accepted.stderr);
    const judged = await run(["diff", "one"]);
    assert.match(judged.stdout, /^diff --git a\/file\.txt /m);
    assert.match(judged.stderr, /^accepted: commit [0-9a-f]{40} of 'main'$/m);
    assert.equal((await run(["asks"])).stdout, "nothing waits for you\n");
    assert.equal((await run(["worktrees"])).stderr, "there are no worktrees\n");
  }));
