/** Worktrees that nobody needs are listed, pruned and let go with their tasks; what is in them is kept. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { OWNER } from "../../src/domain/actor.ts";
import { withWorkspace } from "../../src/domain/attempt/work.ts";
import type { StoredWorkspace } from "../../src/domain/workspace.ts";
import { type EndedTasks, withEndedTasks } from "../fixtures/ended_tasks.ts";
import { git } from "../fixtures/repository.ts";

const FILES = { "a.txt": "a\n", ".gitignore": "*.log\n" };
const WORK = { "a.txt": "changed\n" };

const prune = async (tasks: EndedTasks, more: object = {}) => {
  const { pruned, left } = await tasks.worktrees.prune(more, OWNER);
  return {
    pruned: pruned.map(({ task_id, path, kept_as }) => [task_id ?? path, kept_as ?? []]),
    left: left.map(({ task_id, path, reason }) => [task_id ?? path, reason]),
  };
};

const exists = (path: string) => Deno.lstat(path).then(() => true, () => false);

Deno.test("prune: tasks that have changed nothing lose their worktree; others keep it", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    await tasks.add("unchanged", {});
    await tasks.add("changed", WORK);
    await tasks.add("loose", {});
    await Deno.writeTextFile(join(tasks.root("loose"), "by_hand.txt"), "by hand\n");
    await tasks.add("running", {}, { state: { status: "running" } });
    const left = [["changed", "to_review"], ["loose", "to_review"], ["running", "at_work"]];
    assert.deepEqual(await prune(tasks, { dry_run: true }), { pruned: [["unchanged", []]], left });
    assert.ok(await exists(tasks.root("unchanged")));
    assert.deepEqual(await prune(tasks, { older_than_days: 100_000 }), {
      pruned: [],
      left: [["unchanged", "too_young"], ...left],
    });
    assert.deepEqual(await prune(tasks), { pruned: [["unchanged", []]], left });
    assert.ok(!await exists(tasks.root("unchanged")));
    assert.equal(await tasks.repository.git("branch", "--list", "opencode-agents/unchanged"), "");
    assert.equal(tasks.state("unchanged").workspace, undefined);
    assert.deepEqual((await tasks.worktrees.list()).map(({ task_id }) => task_id), [
      "changed",
      "loose",
      "running",
    ]);
  });
});

Deno.test("prune: an orphan's commits and loose files are kept first; nothing outside the own folder is touched", async () => {
  await withEndedTasks(FILES, async (tasks, base) => {
    const { repository } = tasks;
    const orphan = tasks.root("orphan");
    await repository.git("worktree", "add", "--quiet", "-b", "opencode-agents/orphan", orphan);
    await Deno.writeTextFile(join(orphan, "a.txt"), "committed\n");
    await git(
      orphan,
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@t",
      "commit",
      "--quiet",
      "-am",
      "by the agent",
    );
    await Deno.writeTextFile(join(orphan, "loose.txt"), "loose\n");
    const elsewhere = `${repository.room}-elsewhere`;
    await repository.git("worktree", "add", "--quiet", "--detach", elsewhere);
    await Deno.symlink(elsewhere, tasks.root("link"));
    await Deno.mkdir(tasks.root("empty"));
    await Deno.mkdir(join(tasks.root("strange"), "deep"), { recursive: true });
    await Deno.writeTextFile(join(tasks.root("strange"), "deep", "file"), "whose?\n");
    await repository.git("update-ref", "refs/opencode-agents/kept/orphan", base);
    const kept = "refs/opencode-agents/kept/orphan-2";
    assert.deepEqual(await prune(tasks), {
      pruned: [[tasks.root("empty"), []], [orphan, [kept]]],
      left: [[tasks.root("strange"), "it belongs to no repository, which could keep its files"]],
    });
    assert.equal(await repository.git("show", `${kept}:loose.txt`), "loose");
    assert.equal(
      await repository.git("log", "--format=%s", `main..${kept}`),
      "What was in the worktree orphan, which belongs to no task any more\nby the agent",
    );
    assert.equal(await repository.git("rev-parse", "refs/opencode-agents/kept/orphan"), base);
    assert.ok(!await exists(orphan));
    assert.ok(await exists(join(elsewhere, "a.txt")));
    assert.ok(await exists(tasks.root("link")));
  });
});

Deno.test("prune: commits that an orphan has only had checked out are kept too", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository } = tasks;
    const orphan = tasks.root("orphan");
    await repository.git("worktree", "add", "--quiet", "--detach", orphan);
    await Deno.writeTextFile(join(orphan, "left.txt"), "left\n");
    await git(orphan, "add", ".");
    await git(orphan, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "left behind");
    await git(orphan, "checkout", "--quiet", "main~0");
    const kept = ["refs/opencode-agents/kept/orphan", "refs/opencode-agents/kept/orphan-2"];
    assert.deepEqual(await prune(tasks), { pruned: [[orphan, kept]], left: [] });
    assert.equal(await repository.git("show", `${kept[1]}:left.txt`), "left");
  });
});

Deno.test("retention: a worktree that cannot go is said once, and shown until it is gone", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { releasing, repository, store, worktrees } = tasks;
    await tasks.add("t", WORK);
    const stays = async () => (await worktrees.list()).map((one) => one.stays);
    assert.deepEqual(await stays(), [undefined]);
    await repository.git("worktree", "lock", tasks.root("t"));
    const said: LogRecord[] = [];
    await configure({
      sinks: { said: (record) => void said.push(record) },
      loggers: [{ category: "opencode-agents", sinks: ["said"] }, {
        category: ["logtape", "meta"],
        sinks: [],
      }],
      reset: true,
    });
    try {
      const attempt = () => releasing.letGo(store.tasks.get("t")!);
      for (let i = 0; i < 3; i++) assert.equal(await attempt(), false);
      assert.equal(said.length, 1);
      assert.match((await stays())[0]!, /Somebody has locked the worktree/);
      await repository.git("worktree", "unlock", tasks.root("t"));
      await Deno.mkdir(join(tasks.root("t"), "deep"));
      const inside = join(tasks.root("t"), "deep", "w");
      await repository.git("worktree", "add", "--quiet", "--detach", inside);
      for (let i = 0; i < 2; i++) assert.equal(await attempt(), false);
      assert.equal(said.length, 2);
      await repository.git("worktree", "remove", inside);
      assert.equal(await attempt(), true);
      assert.deepEqual(await stays(), []);
    } finally {
      await reset();
    }
  });
});

Deno.test("prune: an orphan's files that git was told not to look at are kept too", async () => {
  await withEndedTasks({ ...FILES, "b.txt": "b\n" }, async (tasks) => {
    const { repository } = tasks;
    const orphan = tasks.root("orphan");
    await repository.git("worktree", "add", "--quiet", "--detach", orphan);
    await git(orphan, "update-index", "--skip-worktree", "a.txt");
    await git(orphan, "update-index", "--assume-unchanged", "b.txt");
    for (const name of ["a.txt", "b.txt"]) await Deno.writeTextFile(join(orphan, name), "hidden\n");
    const kept = "refs/opencode-agents/kept/orphan";
    assert.deepEqual(await prune(tasks), { pruned: [[orphan, [kept]]], left: [] });
    for (const name of ["a.txt", "b.txt"]) {
      assert.equal(await repository.git("show", `${kept}:${name}`), "hidden");
    }
  });
});

Deno.test("prune: an orphan that holds another repository, is locked, or is only in the making stays", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository } = tasks;
    for (const name of ["nested", "locked", "made"]) {
      await repository.git("worktree", "add", "--quiet", "--detach", tasks.root(name));
    }
    await Deno.mkdir(join(tasks.root("nested"), "inner"));
    await git(join(tasks.root("nested"), "inner"), "init", "--quiet");
    await repository.git("worktree", "lock", tasks.root("locked"));
    await tasks.add("other", {}, { state: { status: "running" } });
    await tasks.store.tasks.update((view) => {
      const { workspace: _gone, ...state } = view.get("other")!.state;
      return { updates: [{ id: "other", state }] };
    }, OWNER);
    const { left, pruned } = await prune(tasks);
    assert.deepEqual(pruned, [[tasks.root("made"), ["refs/opencode-agents/kept/made"]]]);
    assert.deepEqual(left.map(([path]) => path), [tasks.root("locked"), tasks.root("nested")]);
    assert.ok(await exists(tasks.root("other")));
  });
});

Deno.test("retention: what nobody has accepted is kept, with what was loose; what goes with the record goes", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository, acceptance, discarding, releasing, store } = tasks;
    await tasks.add("open", WORK);
    await Deno.writeTextFile(join(tasks.root("open"), "by_hand.txt"), "by hand\n");
    await tasks.add("accepted", { "b.txt": "b\n" });
    await acceptance.accept({ task_id: "accepted" }, OWNER);
    await tasks.add("discarded", WORK);
    await discarding.discard("discarded", OWNER);
    for (const id of ["open", "accepted", "discarded"]) {
      assert.equal(await releasing.letGo(store.tasks.get(id)!), true);
      assert.equal(await releasing.letGo(store.tasks.get(id)!), true, "twice does no harm");
    }
    const kept = "refs/opencode-agents/kept/open";
    assert.equal(await repository.git("for-each-ref", "--format=%(refname)", "refs/opencode-agents"), kept);
    assert.equal(await repository.git("show", `${kept}:by_hand.txt`), "by hand");
    assert.ok(!await exists(tasks.root("open")));
    assert.equal(await repository.git("branch", "--list", "opencode-agents/*"), "");
  });
});

Deno.test("retention: the snapshots of a task's folder go with its record, and the folder stays", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository, releasing, store } = tasks;
    const base_commit = await repository.git("rev-parse", "HEAD");
    const git_dir = join(repository.path, ".git");
    const workspace: StoredWorkspace = {
      kind: "folder",
      path: repository.path,
      root: repository.path,
      git_dir,
      common_dir: git_dir,
      base_commit,
    };
    await tasks.add("folder", {});
    await store.tasks.update((view) => {
      const { state } = view.get("folder")!;
      return { updates: [{ id: "folder", state: withWorkspace(state, workspace, "folder") }] };
    }, OWNER);
    for (const name of ["start", "turns"]) {
      await repository.git("update-ref", `refs/opencode-agents/${name}/folder`, "HEAD");
    }
    assert.equal(await releasing.letGo(store.tasks.get("folder")!), true);
    assert.equal(await repository.git("for-each-ref", "refs/opencode-agents"), "");
    assert.equal(await Deno.readTextFile(join(repository.path, "a.txt")), "a\n");
  });
});

Deno.test("accept, discard and retention: commits of a submodule that are nowhere else keep the worktree", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { acceptance, discarding, releasing, repository, store } = tasks;
    await tasks.add("t", WORK);
    const module = join(tasks.state("t").workspace!.git_dir!, "modules", "lib", "sub");
    await Deno.mkdir(module, { recursive: true });
    await git(module, "init", "--quiet", "--bare", "--initial-branch=main");
    const tree = await git(module, "write-tree");
    const commit = await git(
      module,
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@t",
      "commit-tree",
      tree,
      "-m",
      "x",
    );
    await git(module, "update-ref", "refs/heads/main", commit);
    const refused = { code: "CHANGES_CONFLICT" };
    await assert.rejects(acceptance.accept({ task_id: "t" }, OWNER), refused);
    await assert.rejects(discarding.discard("t", OWNER), refused);
    assert.equal(await releasing.letGo(store.tasks.get("t")!), false);
    const own = join(repository.git_dir, "modules", "lib", "sub");
    await Deno.mkdir(join(own, ".."), { recursive: true });
    await git(repository.path, "clone", "--quiet", "--bare", module, own);
    await acceptance.accept({ task_id: "t" }, OWNER);
    assert.ok(!await exists(tasks.root("t")));
  });
});
