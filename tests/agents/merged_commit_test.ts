/** What the merge heeds of a repository's own settings, and what it does not run. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { OWNER } from "../../src/domain/actor.ts";
import type { ApiError } from "../../src/domain/errors.ts";
import { type EndedTasks, withEndedTasks } from "../fixtures/ended_tasks.ts";
import { git } from "../fixtures/repository.ts";

const accept = (tasks: EndedTasks, more: object = {}) =>
  tasks.acceptance.accept({ task_id: "t", ...more }, OWNER);
const exists = (path: string) => Deno.lstat(path).then(() => true, () => false);

/** Both sides add a line at the same place of `list.txt`. */
async function bothAdd(tasks: EndedTasks): Promise<void> {
  await tasks.add("t", { "list.txt": "first\ntheirs\n" });
  await tasks.repository.commit("meanwhile", { "list.txt": "first\nmine\n" });
}

Deno.test("merge: the attributes of the target count, also those of a folder", async () => {
  await withEndedTasks(
    { "list.txt": "first\n", ".gitattributes": "list.txt merge=union\n" },
    async (tasks) => {
      await bothAdd(tasks);
      await accept(tasks);
      assert.equal(await tasks.repository.read("list.txt"), "first\nmine\ntheirs\n");
    },
  );
});

Deno.test("merge: a configured merge program and hooks are not run, and nothing is signed", async () => {
  await withEndedTasks(
    { "list.txt": "first\n", ".gitattributes": "list.txt merge=mine\n" },
    async (tasks) => {
      const { repository } = tasks;
      const ran = `${repository.room}-ran`;
      await bothAdd(tasks);
      await repository.git("config", "merge.mine.driver", `touch ${ran}; exit 0`);
      await repository.git("config", "commit.gpgSign", "true");
      await repository.git("config", "gpg.program", "false");
      await repository.git("config", "rerere.enabled", "true");
      for (
        const hook of [
          "pre-commit",
          "commit-msg",
          "post-checkout",
          "post-index-change",
          "reference-transaction",
        ]
      ) {
        const path = join(repository.git_dir, "hooks", hook);
        await Deno.mkdir(join(repository.git_dir, "hooks"), { recursive: true });
        await Deno.writeTextFile(path, `#!/bin/sh\ntouch ${ran}\nexit 1\n`, { mode: 0o755 });
      }
      await assert.rejects(accept(tasks), (error: ApiError) => {
        assert.deepEqual(
          [error.details.reason, error.details.files],
          ["conflict", ["list.txt"]],
          error.message,
        );
        return true;
      });
      assert.ok(!await exists(ran));
      await repository.git("-c", "core.hooksPath=/dev/null", "update-ref", "refs/heads/main", "main~1");
      await repository.git("-c", "core.hooksPath=/dev/null", "reset", "--quiet", "--hard");
      await accept(tasks);
      assert.equal(await repository.read("list.txt"), "first\ntheirs\n");
      assert.ok(!await exists(ran));
    },
  );
});

Deno.test("merge: files are checked out through the filters that the user has configured", async () => {
  await withEndedTasks({ "a.txt": "a\n", ".gitattributes": "*.big filter=big\n" }, async (tasks) => {
    const { repository } = tasks;
    await repository.git("config", "filter.big.clean", "sed s/content/pointer/");
    await repository.git("config", "filter.big.smudge", "sed s/pointer/content/");
    await tasks.add("t", { "file.big": "content\n" });
    await accept(tasks);
    assert.equal(await repository.git("show", "main:file.big"), "pointer");
    assert.equal(await repository.read("file.big"), "content\n");
    assert.equal(await repository.git("status", "--short"), "");
  });
});

Deno.test("merge: a sparse working tree gets only what it wants", async () => {
  await withEndedTasks({ "in/a.txt": "a\n", "out/b.txt": "b\n" }, async (tasks) => {
    const { repository } = tasks;
    await tasks.add("t", { "in/a.txt": "changed\n", "out/b.txt": "changed\n", "out/new.txt": "new\n" });
    await repository.git("sparse-checkout", "set", "in");
    await accept(tasks);
    assert.equal(await repository.read("in/a.txt"), "changed\n");
    assert.ok(!await exists(join(repository.path, "out")));
    assert.equal(await repository.git("status", "--short"), "");
    assert.equal(await repository.git("show", "main:out/new.txt"), "new");
  });
});

Deno.test("merge: links, modes, odd names, and a folder in a file's place", async () => {
  const names = {
    "with space.txt": "1\n",
    "ünïcode.txt": "2\n",
    'quo"te.txt': "3\n",
    "new\nline.txt": "4\n",
    "-dash": "5\n",
  };
  await withEndedTasks({ "kind": "a file\n", "run.sh": "echo\n" }, async (tasks) => {
    const { repository } = tasks;
    await tasks.add("t", {});
    const root = tasks.root("t");
    await Deno.remove(join(root, "kind"));
    await Deno.mkdir(join(root, "kind"));
    await Deno.writeTextFile(join(root, "kind", "inner.txt"), "inner\n");
    await Deno.chmod(join(root, "run.sh"), 0o755);
    await Deno.symlink("run.sh", join(root, "link"));
    for (const [name, text] of Object.entries(names)) await Deno.writeTextFile(join(root, name), text);
    await accept(tasks);
    assert.equal(await repository.read("kind/inner.txt"), "inner\n");
    assert.equal(await Deno.readLink(join(repository.path, "link")), "run.sh");
    assert.equal((await Deno.stat(join(repository.path, "run.sh"))).mode! & 0o111, 0o111);
    for (const [name, text] of Object.entries(names)) assert.equal(await repository.read(name), text);
    assert.equal(await repository.git("status", "--short"), "");
  });
});

Deno.test("merge: a shallow clone, and histories with nothing in common", async () => {
  await withEndedTasks({ "a.txt": "a\n" }, async (tasks) => {
    const { repository } = tasks;
    await repository.commit("second", { "b.txt": "b\n" });
    const head = await repository.git("rev-parse", "main");
    await Deno.writeTextFile(join(repository.git_dir, "shallow"), `${head}\n`);
    await tasks.add("t", { "c.txt": "c\n" });
    await repository.commit("meanwhile", { "d.txt": "d\n" });
    await accept(tasks);
    assert.equal(await repository.read("c.txt"), "c\n");
  });
  await withEndedTasks({ "a.txt": "a\n" }, async (tasks) => {
    await tasks.add("t", { "c.txt": "c\n" });
    const root = tasks.root("t");
    const orphan = await git(
      root,
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@t",
      "commit-tree",
      "HEAD^{tree}",
      "-m",
      "x",
    );
    await git(root, "reset", "--quiet", "--hard", orphan);
    await assert.rejects(accept(tasks), (error: ApiError) => error.details.reason === "conflict");
  });
});

Deno.test("merge: a submodule's commit moves in the index; what is in it stays", async () => {
  await withEndedTasks({ "a.txt": "a\n" }, async (tasks) => {
    const { repository } = tasks;
    const first = await repository.git("rev-parse", "main");
    await repository.git("update-index", "--add", "--cacheinfo", `160000,${first},sub`);
    await repository.git("commit", "--quiet", "-m", "a submodule");
    await Deno.mkdir(join(repository.path, "sub"));
    await tasks.add("t", { "c.txt": "c\n" });
    await accept(tasks);
    assert.equal(await repository.git("ls-tree", "main", "sub"), `160000 commit ${first}\tsub`);
    assert.equal(await repository.read("c.txt"), "c\n");
  });
});
