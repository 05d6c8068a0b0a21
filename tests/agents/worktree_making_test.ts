/** How a task's worktree is made: its names, its base, what comes into it, and what happens when that is interrupted. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { git, Repository } from "../fixtures/repository.ts";
import { TaskWorktree, withTask } from "../fixtures/task_worktree.ts";

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

const PROJECT = { fetch: "never", setup_timeout_ms: 60_000 } as const;

for (
  const [name, taken, branch] of [
    ["nobody", [], "opencode-agents/t1"],
    ["the same name", ["opencode-agents/t1"], "opencode-agents/t1-2"],
    ["two names", ["opencode-agents/t1", "opencode-agents/t1-2"], "opencode-agents/t1-3"],
    ["a name below it", ["opencode-agents/t1/x"], "opencode-agents/t1-2"],
    ["a name above it", ["opencode-agents"], "opencode-agents-t1"],
    ["a name that differs in case", ["opencode-agents/T1"], "opencode-agents/t1-2"],
  ] as const
) {
  Deno.test(`worktree: its branch, where ${name} stands in the way`, async () => {
    await withTask(async (task) => {
      for (const one of taken) await task.repository.git("branch", one);
      await task.repository.commit("second", { "second.txt": "2" });
      await task.open();
      assert.equal(task.stored!.branch, branch);
      assert.equal(await Deno.readTextFile(join(task.root, "second.txt")), "2");
      // What is not the task's stays.
      const work = await task.save(true);
      assert.equal(work.workspace?.git_dir, undefined);
      const left = (await task.repository.git("branch", "--format=%(refname:short)")).split("\n");
      assert.deepEqual(left.sort(), ["main", ...taken].sort());
    });
  });
}

Deno.test("worktree: a folder and a registration of somebody else are left alone", async () => {
  await withTask(async (task) => {
    const root = join(task.data, "worktrees");
    await Deno.mkdir(join(root, "t1"), { recursive: true });
    await Deno.writeTextFile(join(root, "t1", "precious"), "mine");
    await task.repository.git("worktree", "add", "--quiet", "--detach", join(root, "t1-2"));
    await Deno.remove(join(root, "t1-2"), { recursive: true });
    await task.open();
    assert.equal(task.root, join(root, "t1-3"));
    await task.turn("echo new > new");
    assert.equal(await Deno.readTextFile(join(root, "t1", "precious")), "mine");
  });
});

Deno.test("worktree: it starts from the asked branch, tag or commit, and a branch goes before a tag", async () => {
  await withTask(async (task) => {
    const { repository } = task;
    const first = await repository.git("rev-parse", "HEAD");
    await repository.git("tag", "v1");
    await repository.git("branch", "same", "HEAD");
    const second = await repository.commit("second", { "second.txt": "2" });
    await repository.git("tag", "same", second);
    for (const base of ["v1", first, first.slice(0, 10), "same", "refs/heads/same"]) {
      const one = new TaskWorktree(repository, task.data, { id: `t-${base.replaceAll("/", "-")}`, base });
      await one.open();
      assert.equal(one.stored!.base_commit, first, base);
      assert.equal(await exists(join(one.root, "second.txt")), false, base);
    }
    const one = new TaskWorktree(repository, task.data, {
      id: "p",
      project: { ...PROJECT, base_branch: "same" },
    });
    await one.open();
    assert.deepEqual([one.stored!.base, one.stored!.base_commit], ["same", first]);
  });
});

Deno.test("worktree: a base that has vanished since counts as it was", async () => {
  await withTask(async (task) => {
    const { repository } = task;
    await repository.git("checkout", "-q", "-b", "feature");
    const commit = await repository.commit("feature", { "feature.txt": "f" });
    await repository.git("checkout", "-q", "main");
    const one = new TaskWorktree(repository, task.data, { base: "feature" });
    await one.open();
    await repository.git("branch", "-q", "-D", "feature");
    const work = await one.turn("echo x > x");
    assert.deepEqual([work.workspace?.base_commit, work.changes?.files], [commit, 1]);
  });
});

Deno.test("worktree: a folder below the root stays that folder, also one that is in no commit", async () => {
  await withTask(async (task) => {
    const { repository } = task;
    await repository.commit("packages", { "packages/api/package.json": "{}" });
    const api = new TaskWorktree(repository, task.data, {
      working_dir: join(repository.path, "packages/api"),
    });
    const open = await api.open();
    assert.equal(open.working_dir, join(api.root, "packages/api"));
    assert.equal(await exists(join(open.working_dir, "package.json")), true);
    await Deno.mkdir(join(repository.path, "loose"));
    const loose = new TaskWorktree(repository, task.data, {
      id: "loose",
      working_dir: join(repository.path, "loose"),
    });
    assert.equal((await loose.open()).working_dir, join(loose.root, "loose"));
  });
});

Deno.test("worktree: a folder below the root that has gone is made again, and one that leads elsewhere is refused", async () => {
  await withTask(async (task) => {
    await task.repository.commit("below", { "sub/x": "x" });
    const one = new TaskWorktree(task.repository, task.data, { working_dir: `${task.repository.path}/sub` });
    await one.turn("echo 1 > new && cd .. && rm -r sub", false);
    assert.equal((await one.open()).working_dir, `${one.root}/sub`);
    await one.play("cd .. && rm -r sub && ln -s /etc sub");
    await assert.rejects(one.open(), /leads out of its worktree, to \/etc/);
  });
});

Deno.test("worktree: it gets the ignored files that are named, as they are, and nothing else", async () => {
  await withTask(async (task) => {
    const { repository } = task;
    await repository.commit("ignores", {
      ".gitignore": "*.local\n.env*\nmodules/\nsecret\n",
      ".worktreeinclude": "# comment\n*.local\n!not.local\n/modules/\nnot-ignored\n",
    });
    await repository.write({
      "a.local": "a",
      "not.local": "no",
      "deep/b.local": "b",
      "modules/x/y": "y",
      ".env": "E",
      ".env.test": "T",
      "secret": "no",
      "not-ignored": "no",
      ".config/app.local": "c",
    });
    await Deno.symlink("/nowhere/at/all", join(repository.path, "link.local"));
    await Deno.chmod(join(repository.path, "a.local"), 0o640);
    const one = new TaskWorktree(repository, task.data, { project: { ...PROJECT, copy: [".env*"] } });
    await one.open();
    const has = async (name: string) => await exists(join(one.root, name));
    for (const name of ["a.local", "deep/b.local", "modules/x/y", ".env", ".env.test", ".config/app.local"]) {
      assert.equal(await has(name), true, name);
    }
    for (const name of ["not.local", "secret", "not-ignored"]) assert.equal(await has(name), false, name);
    assert.equal(await Deno.readLink(join(one.root, "link.local")), "/nowhere/at/all");
    assert.equal((await Deno.stat(join(one.root, "a.local"))).mode! & 0o777, 0o640);
    // They are no work of the task's.
    const work = await one.save(true);
    assert.equal(work.workspace?.git_dir, undefined);
    assert.doesNotMatch(work.log, /local/);
  });
});

Deno.test("worktree: one with nothing but new ignored files stays, and names them", async () => {
  await withTask(async (task) => {
    await task.repository.commit("ignores", { ".gitignore": "out/\n*.log\n" });
    const work = await task.turn("mkdir out && echo 1 > out/1 && echo 2 > run.log");
    assert.match(
      work.log,
      /Nothing has changed but files that git ignores: (out\/, run\.log|run\.log, out\/)\. They stay in /,
    );
    assert.equal(await Deno.readTextFile(`${task.root}/out/1`), "1\n");
  });
});

Deno.test("worktree: setup runs once in each new worktree, teardown before it goes", async () => {
  await withTask(async (task) => {
    const folder = task.data.replace(/data$/, "");
    const project = {
      ...PROJECT,
      env: { WORD: "given" },
      setup: [["sh", "-c", `echo "$WORD $TASK_ID" >> ${folder}/setup; pwd >> ${folder}/setup`], ["true"]],
      teardown: [["sh", "-c", `echo down >> ${folder}/setup`], ["false"]],
    };
    const one = new TaskWorktree(task.repository, task.data, { project });
    await one.open();
    await one.open();
    assert.equal(await Deno.readTextFile(`${folder}/setup`), `given t1\n${one.root}\n`);
    const work = await one.save(true);
    assert.equal(await Deno.readTextFile(`${folder}/setup`), `given t1\n${one.root}\ndown\n`);
    assert.match(work.log, /teardown failed: false: exit code 1/);
    assert.equal(await exists(one.root), false);
  });
});

Deno.test("worktree: a setup that fails fails the task with its last lines, and leaves nothing behind", async () => {
  await withTask(async (task) => {
    const project = { ...PROJECT, setup: [["sh", "-c", "seq 50; echo no such package >&2; exit 3"]] };
    const one = new TaskWorktree(task.repository, task.data, { project });
    await assert.rejects(one.open(), (error: Error) => {
      assert.match(error.message, /setup failed: sh .*: exit code 3\n/);
      assert.match(error.message, /50\nno such package$/);
      assert.doesNotMatch(error.message, /^1$/m);
      return true;
    });
    assert.equal(await exists(join(task.data, "worktrees", "t1")), false);
    assert.equal(await task.repository.git("branch", "--format=%(refname:short)"), "main");
    // The next attempt begins anew.
    const again = new TaskWorktree(task.repository, task.data, {});
    again.stored = one.stored;
    await again.open();
    assert.equal(again.root, join(task.data, "worktrees", "t1"));
  });
});

Deno.test("worktree: one that is half made is recognized and made again, and another's is not taken for it", async () => {
  await withTask(async (task) => {
    await task.open();
    const whole = task.stored!;
    // As a server leaves it that is killed while git checks out.
    await Deno.remove(join(task.root, "file.txt"));
    await Deno.writeTextFile(join(whole.git_dir!, "index.lock"), "");
    task.stored = { ...whole, git_dir: undefined };
    await task.open();
    assert.deepEqual([task.root, task.stored!.branch], [whole.root, whole.branch]);
    assert.equal(await Deno.readTextFile(join(task.root, "file.txt")), "one\n");
    // A branch that has other work by now is somebody's.
    await task.repository.git("worktree", "remove", "--force", task.root);
    await task.repository.git(
      "branch",
      "-f",
      whole.branch!,
      await task.repository.commit("other", { o: "o" }),
    );
    task.stored = { ...whole, git_dir: undefined };
    await task.open();
    assert.equal(task.stored!.branch, "opencode-agents/t1-2");
    assert.equal(task.stored!.base_commit, whole.base_commit);
  });
});

Deno.test("worktree: a worktree that has gone is made again from its branch, or from what is known of it", async () => {
  await withTask(async (task) => {
    await task.turn("echo one > one");
    const { root } = task;
    await Deno.remove(root, { recursive: true });
    await task.turn("cat one && echo two > two");
    assert.equal(task.root, root);
    assert.deepEqual(Object.keys(await task.branchFiles()), ["file.txt", "one", "two"]);
    await task.repository.git("worktree", "remove", "--force", root);
    await task.repository.git("branch", "-q", "-D", task.stored!.branch!);
    const work = await task.turn("cat one two && echo three > three");
    assert.deepEqual(Object.keys(await task.branchFiles()), ["file.txt", "one", "three", "two"]);
    assert.deepEqual(work.changes, { files: 3, additions: 3, deletions: 0, commits: 3 });
  });
});

Deno.test("worktree: submodules come from what the repository has, to any depth; others are named", async () => {
  await withTask(async (task) => {
    const { repository } = task;
    const folder = task.data.replace(/data$/, "");
    const [inner, outer] = await Promise.all(
      ["inner", "outer"].map((one) => Repository.create(`${folder}/${one}`)),
    );
    const add = async (to: Repository, from: Repository, path: string) => {
      await to.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from.path, path);
      await to.git("commit", "-q", "-m", path);
    };
    await add(outer!, inner!, "deep");
    await add(repository, outer!, "vendor/out");
    await add(repository, inner!, "bare");
    await git(
      repository.path,
      "-c",
      "protocol.file.allow=always",
      "submodule",
      "--quiet",
      "update",
      "--init",
      "--recursive",
    );
    await Deno.remove(join(repository.path, ".git/modules/bare"), { recursive: true });
    const urls = await repository.git("config", "--get-regexp", "submodule");
    // Nothing is fetched from where they came from.
    await Promise.all([inner!, outer!].map(({ path }) => Deno.remove(path, { recursive: true })));
    const open = await task.open();
    assert.equal(await Deno.readTextFile(join(task.root, "vendor/out/deep/file.txt")), "one\n");
    assert.equal(await git(join(task.root, "vendor/out"), "remote", "get-url", "origin"), outer!.path);
    assert.match((open.notes ?? []).map(({ message }) => message).join(), /submodules.*: bare$/);
    assert.equal(await repository.git("config", "--get-regexp", "submodule"), urls);
    const work = await task.save(true);
    assert.equal(work.workspace?.git_dir, undefined, work.log);
    assert.equal(await exists(task.root), false);
  });
});

Deno.test("worktree: a base that is behind its remote is brought up to date, and a remote that fails is said", async () => {
  await withTask(async (task) => {
    const folder = task.data.replace(/data$/, "");
    await git(folder, "clone", "-q", task.repository.path, "clone");
    const clone = new Repository(`${folder}/clone`);
    const newer = await task.repository.commit("newer", { "newer.txt": "n" });
    const project = { ...PROJECT, fetch: "auto" as const };
    const one = new TaskWorktree(clone, task.data, { project, working_dir: clone.path });
    const open = await one.open();
    assert.deepEqual([one.stored!.base_commit, one.stored!.upstream], [newer, newer]);
    assert.match(open.notes![0]!.message, /'main' was behind 'origin'.*your 'main' is checked out/);
    assert.notEqual(await clone.git("rev-parse", "main"), newer);
    const never = new TaskWorktree(clone, task.data, { id: "t2", project: PROJECT, working_dir: clone.path });
    await never.open();
    assert.notEqual(never.stored!.base_commit, newer);
    // A branch that nobody has checked out follows.
    await clone.git("checkout", "-q", "--detach");
    const free = new TaskWorktree(clone, task.data, {
      id: "t3",
      project,
      base: "main",
      working_dir: clone.path,
    });
    await free.open();
    assert.equal(await clone.git("rev-parse", "main"), newer);
    // One that is ahead of its remote stays as it is.
    await clone.git("checkout", "-q", "main");
    await clone.git("config", "user.email", "a@example.invalid");
    await clone.git("config", "user.name", "A");
    const own = await clone.commit("own", { "own.txt": "o" });
    const ahead = new TaskWorktree(clone, task.data, { id: "t4", project, working_dir: clone.path });
    assert.deepEqual((await ahead.open()).notes, []);
    assert.equal(ahead.stored!.base_commit, own);
    await clone.git("remote", "set-url", "origin", "https://user:hunter2@127.0.0.1:1/none.git");
    const dead = new TaskWorktree(clone, task.data, { id: "t5", project, working_dir: clone.path });
    const [note] = (await dead.open()).notes!;
    assert.match(note!.message, /could not be brought up to date/);
    assert.doesNotMatch(note!.message, /hunter2/);
    assert.equal(await clone.git("for-each-ref", "refs/opencode-agents"), "");
  });
});

Deno.test("worktree: its commit has the configured author, the description and the task", async () => {
  await withTask(async (task) => {
    await task.turn("echo x > x");
    const show = (format: string) =>
      task.repository.git("log", "-1", `--format=${format}`, task.stored!.branch!);
    assert.equal(await show("%an <%ae>"), "Ann <ann@example.invalid>");
    assert.equal(await show("%B"), "Mend the door\n\nTask: t1\n");
    assert.equal(await show("%(trailers:key=Task,valueonly)"), "t1\n");
    for (const name of ["user.name", "user.email"]) await task.repository.git("config", "--unset", name);
    await task.turn("echo y > y");
    assert.equal(await show("%an <%ae>"), "opencode-agents <opencode-agents@localhost>");
  });
});

Deno.test("worktree: a locked one stays", async () => {
  await withTask(async (task) => {
    await task.open();
    await task.repository.git("worktree", "lock", task.root);
    await task.save(true);
    assert.equal(await exists(join(task.root, "file.txt")), true);
  });
});

Deno.test("worktree: a bare repository has them too", async () => {
  await withTask(async (task) => {
    const folder = task.data.replace(/data$/, "");
    await git(folder, "clone", "-q", "--bare", task.repository.path, "bare.git");
    const bare = new TaskWorktree(task.repository, task.data, { working_dir: `${folder}bare.git` });
    await bare.turn("echo x > x");
    assert.equal(await git(`${folder}bare.git`, "show", "opencode-agents/t1:x"), "x");
  });
});
