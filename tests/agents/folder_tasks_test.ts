/** Tasks that work in a folder itself, with real git: what it was like at the start, and at the end of each turn. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { WorkspaceTask } from "../../src/domain/task_workspaces.ts";
import { filesOf, type TaskWorktree, withTask, workspacesIn } from "../fixtures/task_worktree.ts";
import { git } from "../fixtures/repository.ts";

const FOLDER: Partial<WorkspaceTask> = { isolation: "none" };
const NOTHING = { files: 0, additions: 0, deletions: 0, commits: 0 };

function inFolder(test: (task: TaskWorktree) => Promise<void>, files?: Record<string, string>) {
  return withTask(test, FOLDER, files);
}

Deno.test("folder task: the start has what was not committed, and the user's index stays as it is", async () => {
  await inFolder(async (task) => {
    const { repository } = task;
    await repository.write({ "file.txt": "changed\n", "loose.txt": "loose\n", "build/out": "x" });
    await repository.write({ ".gitignore": "build\n", "staged.txt": "staged\n" });
    await repository.git("add", "staged.txt");
    const before = await repository.git("status", "--porcelain");
    const index = await Deno.readFile(join(repository.path, ".git/index"));
    await task.open();
    assert.deepEqual(await Deno.readFile(join(repository.path, ".git/index")), index);
    assert.equal(await repository.git("status", "--porcelain"), before);
    const { base_commit, path, repository: root, branch, kind, start_head } = task.stored!;
    assert.deepEqual([kind, path, root, branch], ["folder", repository.path, repository.path, undefined]);
    assert.equal(start_head, await repository.git("rev-parse", "HEAD"));
    assert.equal(await repository.git("rev-parse", "refs/opencode-agents/start/t1"), base_commit);
    assert.deepEqual(await filesOf(repository.path, base_commit!), {
      ".gitignore": "build",
      "file.txt": "changed",
      "loose.txt": "loose",
      "staged.txt": "staged",
    });
    assert.deepEqual((await task.saveOpen(true)).changes, NOTHING);
  });
});

Deno.test("folder task: a clean folder starts at its commit; commits, edits and new files count", async () => {
  await inFolder(async (task) => {
    const { repository } = task;
    const work = await task.turn(
      "echo two >> file.txt; git commit -qam done; echo more > new.txt; echo three >> file.txt",
    );
    assert.equal(task.stored!.base_commit, await repository.git("rev-parse", "HEAD~1"));
    assert.deepEqual(work.changes, { files: 2, additions: 3, deletions: 0, commits: 1 });
    assert.equal(await git(repository.path, "show", `${task.stored!.head_commit}:new.txt`), "more");
    assert.equal(await repository.git("branch", "--list", "opencode-agents/*"), "");
  });
});

Deno.test("folder task: the state at each turn's end stays, also of files that are gone later", async () => {
  await inFolder(async (task) => {
    await task.turn("echo first > a.txt", false);
    const first = task.stored!.head_commit;
    await task.turn("rm a.txt; echo second > b.txt", false);
    const second = task.stored!.head_commit;
    await task.turn("rm b.txt", true);
    const ref = "refs/opencode-agents/turns/t1";
    for (const commit of [first, second]) {
      await task.repository.git("merge-base", "--is-ancestor", commit!, ref);
    }
    assert.ok(await task.keeps("first") && await task.keeps("second"));
    assert.equal(task.stored!.head_commit, task.stored!.base_commit);
  });
});

Deno.test("folder task: a later attempt keeps to the start of the first", async () => {
  await inFolder(async (task) => {
    await task.open();
    const { base_commit } = task.stored!;
    await task.play("echo more > new.txt");
    // The server is killed before the reference is there, and starts again.
    await task.repository.git("update-ref", "-d", "refs/opencode-agents/start/t1");
    const { changes } = await task.save();
    assert.equal(task.stored!.base_commit, base_commit);
    assert.equal(await task.repository.git("rev-parse", "refs/opencode-agents/start/t1"), base_commit);
    assert.deepEqual(changes, { files: 1, additions: 1, deletions: 0, commits: 0 });
  });
});

Deno.test("folder task: outside a repository nothing is kept, and no program runs", async () => {
  await inFolder(async (task) => {
    const folder = join(task.repository.path, "..", "plain");
    await Deno.mkdir(folder);
    const work = { ...task.task, working_dir: folder };
    const recorded: unknown[] = [];
    const record = (one: unknown) => Promise.resolve(void recorded.push(one));
    const opened = await workspacesIn(task.data).open(work, record, new AbortController().signal);
    assert.deepEqual([opened.hasWork, opened.workspace], [false, { kind: "folder", path: folder }]);
    assert.deepEqual(recorded, []);
  });
});

Deno.test("folder task: in a repository without a commit, and below its root", async () => {
  await inFolder(async (task) => {
    const root = join(task.repository.path, "..", "new");
    await Deno.mkdir(join(root, "sub"), { recursive: true });
    await git(root, "init", "--quiet");
    await Deno.writeTextFile(join(root, "first.txt"), "1\n");
    task.task.working_dir = join(root, "sub");
    await task.open();
    assert.deepEqual([task.stored!.path, task.stored!.repository], [join(root, "sub"), root]);
    const { changes } = await task.turn("echo 2 > second.txt; git add .; git commit -qm begin");
    assert.deepEqual(changes, { files: 1, additions: 1, deletions: 0, commits: 1 });
  });
});

Deno.test("folder task: files that would fill the repository are not kept, and the log says so", async () => {
  await inFolder(async (task) => {
    const large = join(task.repository.path, "large.bin");
    const file = await Deno.open(large, { write: true, createNew: true });
    await file.truncate(300 << 20);
    file.close();
    const { notes = [], hasWork } = await task.open();
    assert.equal(hasWork, false);
    assert.match(notes.map(({ message }) => message).join(), /more than 256 MiB/);
    assert.match(task.stored!.not_compared!, /more than 256 MiB/);
    assert.equal(await task.repository.git("count-objects"), "3 objects, 12 kilobytes");
  });
});

Deno.test("folder task: an edit that leaves size and time as they were is seen", async () => {
  await inFolder(async (task) => {
    const path = join(task.repository.path, "file.txt");
    const opened = await task.open();
    const { mtime } = await Deno.stat(path);
    await Deno.writeTextFile(path, "two\n");
    await Deno.utime(path, mtime!, mtime!);
    const { changes } = await opened.save(true, new AbortController().signal);
    assert.deepEqual(changes, { files: 1, additions: 1, deletions: 1, commits: 0 });
  });
});

Deno.test("folder task: the server's own data in the repository is no work", async () => {
  await inFolder(async (task) => {
    const inside = join(task.repository.path, "data");
    await Deno.mkdir(inside);
    await Deno.writeTextFile(join(inside, "store"), "1");
    const workspaces = workspacesIn(inside);
    const opened = await workspaces.open(
      task.task,
      (one) => Promise.resolve(void (task.stored = one)),
      new AbortController().signal,
    );
    await Deno.writeTextFile(join(inside, "store"), "2");
    assert.equal(task.stored!.base_commit, await task.repository.git("rev-parse", "HEAD"));
    assert.deepEqual((await opened.save(true, new AbortController().signal)).changes, NOTHING);
  });
});

Deno.test("folder task: several in one folder begin at the state of their own start", async () => {
  await inFolder(async (task) => {
    const workspaces = workspacesIn(task.data);
    const bases = new Map<string, string>();
    const open = (id: string) =>
      workspaces.open(
        { ...task.task, id },
        ({ base_commit }) => Promise.resolve(void bases.set(id, base_commit!)),
        new AbortController().signal,
      );
    const early = await Promise.all(["a", "b", "c", "d"].map(open));
    await Deno.writeTextFile(join(task.repository.path, "x.txt"), "x\n");
    const late = await Promise.all(["e", "f"].map(open));
    assert.equal(new Set(["a", "b", "c", "d"].map((id) => bases.get(id))).size, 1);
    assert.equal(bases.get("e"), bases.get("f"));
    const [first, last] = await Promise.all(
      [early[0]!, late[0]!].map((one) => one.save(true, new AbortController().signal)),
    );
    assert.deepEqual([first!.changes?.files, last!.changes?.files], [1, 0]);
  });
});

Deno.test("folder task: worktrees that the agent makes are named once", async () => {
  for (const isolation of ["none", "worktree"] as const) {
    await withTask(async (task) => {
      await task.repository.git("worktree", "add", "-q", "-b", "old", "../old");
      await task.open();
      await task.play("git worktree add -q -b own ../own-tree");
      const { log } = await task.saveOpen(false);
      assert.match(log, /A worktree was made .*\/own-tree, on branch 'own'/);
      assert.doesNotMatch(log, /\/old/);
      assert.doesNotMatch((await task.saveOpen(true)).log, /own-tree/);
    }, { isolation });
  }
});

Deno.test("worktree: it stays while a worktree that its agent has made is in it, even in an ignored folder", async () => {
  await withTask(
    async (task) => {
      await task.turn("git worktree add -q -b own .claude/own; echo x > .claude/own/loose.txt");
      assert.equal(await Deno.readTextFile(join(task.root, ".claude/own/loose.txt")), "x\n");
      assert.ok(task.stored!.git_dir, "the task's worktree stays, although nothing has changed in it");
    },
    {},
    { ".gitignore": ".claude\n" },
  );
});
