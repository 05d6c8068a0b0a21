/** The base is brought into a task's worktree; conflicts are listed, or the agent gets them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { OWNER } from "../../src/domain/actor.ts";
import { posted } from "../../src/domain/conversation.ts";
import { ApiError } from "../../src/domain/errors.ts";
import type { UpdateRequest } from "../../src/engine/workspace_update.ts";
import { type EndedTasks, withEndedTasks } from "../fixtures/ended_tasks.ts";
import { git } from "../fixtures/repository.ts";

const FILES = { "a.txt": "1\n2\n3\n4\n5\n", "b.txt": "b\n", ".gitignore": "*.log\n" };

const update = (tasks: EndedTasks, more: Partial<UpdateRequest> = {}) =>
  tasks.update.update({ task_id: "t", ...more }, OWNER);

for (const method of ["rebase", "merge"] as const) {
  Deno.test(`update: ${method} brings the base in, and the worktree follows`, async () => {
    await withEndedTasks(FILES, async (tasks) => {
      const { repository } = tasks;
      await tasks.add("t", { "a.txt": "one\n2\n3\n4\n5\n" });
      const base = await repository.commit("meanwhile", { "a.txt": "1\n2\n3\n4\nfive\n", "c.txt": "c\n" });
      const root = tasks.root("t");
      await Deno.writeTextFile(join(root, "x.log"), "ignored\n");
      await Deno.writeTextFile(join(root, "by_hand.txt"), "by hand\n");
      const { head_commit, conflicts } = await update(tasks, { method });
      assert.deepEqual(conflicts, []);
      assert.equal(await git(root, "rev-parse", "HEAD"), head_commit);
      assert.equal(await git(root, "status", "--short"), "");
      assert.equal(await git(root, "symbolic-ref", "HEAD"), "refs/heads/opencode-agents/t");
      assert.equal(await Deno.readTextFile(join(root, "a.txt")), "one\n2\n3\n4\nfive\n");
      assert.equal(await Deno.readTextFile(join(root, "x.log")), "ignored\n");
      assert.equal(
        (await repository.git("log", "--format=%p", "-1", head_commit)).split(" ").length,
        method === "merge" ? 2 : 1,
      );
      assert.equal(tasks.state("t").workspace?.base_commit, base);
      assert.equal((await update(tasks, { method })).head_commit, head_commit);
      await tasks.acceptance.accept({ task_id: "t" }, OWNER);
      assert.equal(await repository.git("diff", "--name-only", base, "main"), "a.txt\nby_hand.txt");
    });
  });
}

/** Both sides have changed the same lines, and one has removed what the other has changed. */
async function withConflict(test: (tasks: EndedTasks, head: string) => Promise<void>): Promise<void> {
  await withEndedTasks(FILES, async (tasks) => {
    await tasks.add("t", { "a.txt": "one\n2\n3\n4\n5\n" });
    await tasks.repository.commit("meanwhile", { "a.txt": "eins\n2\n3\n4\n5\n", "c.txt": "c\n" });
    await test(tasks, await tasks.repository.git("rev-parse", "opencode-agents/t"));
  });
}

Deno.test("update: conflicts are listed, and nothing has changed", async () => {
  await withConflict(async (tasks, head) => {
    const before = JSON.stringify(tasks.state("t"));
    assert.deepEqual(await update(tasks), { head_commit: head, conflicts: ["a.txt"] });
    assert.equal(await git(tasks.root("t"), "rev-parse", "HEAD"), head);
    assert.equal(await git(tasks.root("t"), "status", "--short"), "");
    assert.equal(JSON.stringify(tasks.state("t")), before);
  });
});

Deno.test("update: the agent gets the conflicts; until it has resolved them, nothing is accepted", async () => {
  await withConflict(async (tasks, head) => {
    const root = tasks.root("t");
    const { head_commit, conflicts } = await update(tasks, { resolve: "agent" });
    assert.deepEqual(conflicts, ["a.txt"]);
    const [said] = tasks.said;
    assert.equal(said?.source, "conflict");
    assert.match(said.text, /- `a\.txt`/);
    assert.match(await Deno.readTextFile(join(root, "a.txt")), /^<<<<<<< /m);
    assert.equal(await Deno.readTextFile(join(root, "c.txt")), "c\n");
    assert.equal(
      await git(root, "log", "-1", "--format=%P", head_commit),
      `${head} ${await tasks.repository.git("rev-parse", "main")}`,
    );
    await assert.rejects(tasks.acceptance.accept({ task_id: "t" }, OWNER), (error: ApiError) => {
      assert.deepEqual([error.code, error.details.reason, error.details.files], [
        "CHANGES_CONFLICT",
        "conflict",
        ["a.txt"],
      ]);
      return true;
    });
    await Deno.writeTextFile(join(root, "a.txt"), "one and eins\n2\n3\n4\n5\n");
    await tasks.acceptance.accept({ task_id: "t" }, OWNER);
    assert.equal(await tasks.repository.read("a.txt"), "one and eins\n2\n3\n4\n5\n");
  });
});

Deno.test("update: an agent that takes no message leaves all as it was", async () => {
  await withConflict(async (tasks, head) => {
    tasks.deaf = new ApiError("INVALID_FIELD_VALUE", "it takes no messages");
    await assert.rejects(update(tasks, { resolve: "agent" }), tasks.deaf);
    assert.equal(await git(tasks.root("t"), "rev-parse", "HEAD"), head);
    assert.equal(await git(tasks.root("t"), "status", "--short"), "");
    assert.equal(await Deno.readTextFile(join(tasks.root("t"), "a.txt")), "one\n2\n3\n4\n5\n");
  });
});

Deno.test("update: marks keep work from being accepted in files whose names are not UTF-8 too", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository } = tasks;
    const write = async (folder: string, text: string) => {
      const script = `printf '${text}' > "$(printf 'x\\377')" && git add -A && git commit -qm ${text}`;
      const { success } = await new Deno.Command("sh", { args: ["-ec", script], cwd: folder }).output();
      assert.ok(success);
    };
    await write(repository.path, "one");
    await tasks.add("t", { "b.txt": "changed\n" });
    await write(tasks.root("t"), "two");
    await write(repository.path, "three");
    assert.deepEqual((await update(tasks, { resolve: "agent" })).conflicts, ["x\ufffd"]);
    await assert.rejects(tasks.acceptance.accept({ task_id: "t" }, OWNER), (error: ApiError) => {
      assert.deepEqual([error.details.reason, error.details.files], ["conflict", ["x\ufffd"]]);
      return true;
    });
    await write(tasks.root("t"), "both");
    await tasks.acceptance.accept({ task_id: "t" }, OWNER);
  });
});

/** As if the server had died there: what comes after is not carried out. */
class Died extends Error {}

for (const step of ["before it moves", "once it has moved"] as const) {
  for (const resolve of ["none", "agent"] as const) {
    Deno.test(`update: a crash ${step} (${resolve === "agent" ? "with" : "without"} conflicts) is settled`, async () => {
      await withEndedTasks(FILES, async (tasks) => {
        const { repository, landing } = tasks;
        await tasks.add("t", { "a.txt": "one\n2\n3\n4\n5\n" });
        const theirs = resolve === "agent" ? "eins\n2\n3\n4\n5\n" : "1\n2\n3\n4\nfive\n";
        const base = await repository.commit("meanwhile", { "a.txt": theirs, "c.txt": "c\n" });
        const head = await repository.git("rev-parse", "opencode-agents/t");
        const { moveOwn } = landing;
        landing.moveOwn = async (worktree, move, begin) => {
          if (step === "before it moves") {
            return await moveOwn(worktree, move, async (trees) => {
              await begin(trees);
              throw new Died();
            });
          }
          await moveOwn(worktree, move, begin);
          throw new Died();
        };
        await assert.rejects(update(tasks, { resolve }), Died);
        tasks.endings.stop();
        assert.equal(tasks.state("t").ending?.kind, "update");
        landing.moveOwn = moveOwn;
        await tasks.endings.start();
        const { ending, unresolved, workspace } = tasks.state("t");
        assert.deepEqual([ending, unresolved], [undefined, undefined]);
        const root = tasks.root("t");
        assert.equal(await git(root, "status", "--short"), "");
        const isDone = step === "once it has moved" && resolve === "none";
        assert.equal(workspace?.base_commit === base, isDone);
        assert.equal(await git(root, "rev-parse", "HEAD") === head, !isDone);
        assert.deepEqual((await update(tasks, { resolve })).conflicts, resolve === "agent" ? ["a.txt"] : []);
      });
    });
  }
}

Deno.test("update: nothing else begins in the worktree meanwhile, nor once a message has come", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository, landing, store } = tasks;
    await tasks.add("t", { "a.txt": "one\n2\n3\n4\n5\n" });
    await repository.commit("meanwhile", { "c.txt": "c\n" });
    const { moveOwn } = landing;
    const message = { at: "2026-11-30T13:00:00.000Z", source: "message", by: OWNER, parts: 1 } as const;
    const reopen = () =>
      store.tasks.update((view) => {
        const when = { readiness: { ready: true }, due: true, at: message.at } as const;
        const { state } = posted(view.get("t")!, message, when);
        return { updates: [{ id: "t", state }] };
      }, OWNER);
    landing.moveOwn = (worktree, move, begin) =>
      moveOwn(worktree, move, async (trees) => {
        await begin(trees);
        await assert.rejects(reopen(), /its base is being brought into its worktree/);
      });
    await update(tasks);
    await repository.commit("again", { "d.txt": "d\n" });
    landing.moveOwn = (worktree, move, begin) =>
      moveOwn(worktree, move, async (trees) => {
        await reopen();
        await begin(trees);
      });
    const head = await git(tasks.root("t"), "rev-parse", "HEAD");
    await assert.rejects(update(tasks), { code: "INVALID_FIELD_VALUE" });
    assert.equal(await git(tasks.root("t"), "rev-parse", "HEAD"), head);
    assert.equal(tasks.state("t").status, "queued");
  });
});

Deno.test("update: an ignored file in the worktree is not overwritten", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    await tasks.add("t", { "a.txt": "one\n2\n3\n4\n5\n" });
    await tasks.repository.write({ "x.log": "of the base\n" });
    await tasks.repository.git("add", "--force", "x.log");
    await tasks.repository.git("commit", "--quiet", "-m", "a log");
    await Deno.writeTextFile(join(tasks.root("t"), "x.log"), "of the agent\n");
    await assert.rejects(update(tasks), (error: ApiError) => {
      assert.deepEqual([error.details.reason, error.details.files], ["uncommitted", ["x.log"]]);
      return true;
    });
    assert.equal(await Deno.readTextFile(join(tasks.root("t"), "x.log")), "of the agent\n");
  });
});

Deno.test("update: a task that started from a commit has no base to bring in", async () => {
  await withEndedTasks(FILES, async (tasks, base) => {
    await tasks.add("t", { "b.txt": "changed\n" }, { base, state: {} });
    await tasks.store.tasks.update((view) => {
      const { state } = view.get("t")!;
      return {
        updates: [{ id: "t", state: { ...state, workspace: { ...state.workspace!, base: undefined } } }],
      };
    }, OWNER);
    await assert.rejects(update(tasks), { code: "INVALID_FIELD_VALUE" });
  });
});
