/** A branch moves together with the working tree that has it checked out, whose uncommitted work stays, or not at all. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type BranchMove, moveBranch, type MoveEnd, settleMove } from "../../src/workspaces/branch_move.ts";
import { type PicturedRepository, serverGit, withRepository } from "../fixtures/pictured_repository.ts";

const FILES = { "a.txt": "a\n", "dir/b.txt": "b\n", "gone.txt": "gone\n", ".gitignore": "*.log\n/build/\n" };
const WORK = { "a.txt": "a, changed\n", "new.txt": "new\n", "deep/er/new.txt": "deep\n" };

/** Moves `main` to the work of a branch. */
async function move(repository: PicturedRepository, from: string, to: string): Promise<MoveEnd> {
  return await moveBranch(serverGit, moveOf(repository, from, to), repository.room, () => Promise.resolve());
}

const moveOf = ({ git_dir }: PicturedRepository, from: string, to: string): BranchMove => ({
  common_dir: git_dir,
  branch: "main",
  from,
  to,
  besides: [{ ref: "refs/opencode-agents/accepted/t", from: undefined, to }],
  reason: "accept t",
  identity: {},
});

Deno.test("branch move: the working tree follows; staged, changed and untracked files elsewhere stay as they are", async () => {
  await withRepository(FILES, async (repository, base) => {
    const work = await repository.branchOff("work", base, WORK, ["gone.txt"]);
    await repository.write({ "dir/b.txt": "mine\n" });
    await repository.write({ "staged.txt": "staged\n" });
    await repository.git("add", "staged.txt");
    await repository.write({ "loose.txt": "loose\n" });
    await repository.write({ "x.log": "ignored\n" });
    // The same content with another time is no change.
    await repository.write({ "a.txt": "a\n" });
    assert.equal(await move(repository, base, work), "moved");
    assert.equal(await repository.git("rev-parse", "main"), work);
    assert.equal(await repository.git("rev-parse", "refs/opencode-agents/accepted/t"), work);
    assert.equal(await repository.read("deep/er/new.txt"), "deep\n");
    assert.equal(
      await repository.git("status", "--short"),
      [" M dir/b.txt", "A  staged.txt", "?? loose.txt"].join("\n"),
    );
    assert.equal(await repository.read("x.log"), "ignored\n");
    assert.match(await repository.git("reflog", "-1"), /accept t/);
  });
});

Deno.test("branch move: a branch that is checked out nowhere moves alone; several working trees follow together", async () => {
  await withRepository(FILES, async (repository, base) => {
    const work = await repository.branchOff("work", base, WORK, ["gone.txt"]);
    await repository.git("checkout", "--quiet", "--detach");
    const before = await repository.picture();
    assert.equal(await move(repository, base, work), "moved");
    assert.equal((await repository.picture())["a.txt"], before["a.txt"]);
    await repository.git("update-ref", "-d", "refs/opencode-agents/accepted/t");
    await repository.git("branch", "--quiet", "-f", "main", base);
    const second = `${repository.room}-second`;
    await repository.git("worktree", "add", "--quiet", second, "main");
    await repository.git("checkout", "--quiet", "--ignore-other-worktrees", "main");
    assert.equal(await move(repository, base, work), "moved");
    assert.equal(await repository.read("new.txt"), "new\n");
    assert.equal(await Deno.readTextFile(`${second}/new.txt`), "new\n");
    assert.equal(await repository.git("status", "--short"), "");
    await Deno.remove(second, { recursive: true });
  });
});

/** What must not be overwritten, and the files that the refusal names. */
const OBSTACLES: Record<string, { make(repository: PicturedRepository): Promise<unknown>; files: string[] }> =
  {
    "a changed file": { make: (r) => r.write({ "a.txt": "mine\n" }), files: ["a.txt"] },
    "a staged file": {
      async make(r) {
        await r.write({ "a.txt": "mine\n" });
        await r.git("add", "a.txt");
        await r.write({ "a.txt": "a\n" });
      },
      files: ["a.txt"],
    },
    "a deleted file": { make: (r) => Deno.remove(join(r.path, "a.txt")), files: ["a.txt"] },
    "a file that is to go, changed": { make: (r) => r.write({ "gone.txt": "mine\n" }), files: ["gone.txt"] },
    "a file whose mode has changed": {
      make: (r) => Deno.chmod(join(r.path, "a.txt"), 0o755),
      files: ["a.txt"],
    },
    "an untracked file": { make: (r) => r.write({ "new.txt": "mine\n" }), files: ["new.txt"] },
    "a file that is only to be added": {
      async make(r) {
        await r.write({ "new.txt": "mine\n" });
        await r.git("add", "--intent-to-add", "new.txt");
      },
      files: ["new.txt"],
    },
    "an ignored file": {
      async make(r) {
        await r.write({ ".git/info/exclude": "/new.txt\n" });
        await r.write({ "new.txt": "mine\n" });
      },
      files: ["new.txt"],
    },
    "an ignored folder where a file comes": {
      async make(r) {
        await r.write({ ".git/info/exclude": "/new.txt/\n" });
        await r.write({ "new.txt/mine": "mine\n" });
      },
      files: ["new.txt/mine"],
    },
    "a file where a folder comes": { make: (r) => r.write({ "deep": "mine\n" }), files: ["deep"] },
    "a link where a folder comes": {
      make: (r) => Deno.symlink("/tmp", join(r.path, "deep")),
      files: ["deep"],
    },
    "a link that leads nowhere": {
      make: (r) => Deno.symlink("nowhere", join(r.path, "new.txt")),
      files: ["new.txt"],
    },
    "an edit that git takes for unchanged": {
      async make(r) {
        await r.git("update-index", "--assume-unchanged", "a.txt");
        await r.write({ "a.txt": "mine\n" });
      },
      files: ["a.txt"],
    },
    "an edit that git skips": {
      async make(r) {
        await r.git("update-index", "--skip-worktree", "a.txt");
        await r.write({ "a.txt": "mine\n" });
      },
      files: ["a.txt"],
    },
    "a merge that goes on": {
      async make(r) {
        const base = await r.git("rev-parse", "HEAD");
        await r.branchOff("other", base, { "other.txt": "other\n" });
        await r.git("merge", "--quiet", "--no-ff", "--no-commit", "other");
      },
      files: [],
    },
    "a rebase that goes on": {
      async make(r) {
        await r.git("checkout", "--quiet", "-b", "copy");
        await r.commit("one", { "one.txt": "1\n" });
        await r.git("checkout", "--quiet", "main");
        await r.git("-c", "sequence.editor=sed -i 1ibreak", "rebase", "--quiet", "--interactive", "copy");
        await r.git("update-ref", "refs/heads/main", "work~1");
      },
      files: [],
    },
    "a bisection": {
      async make(r) {
        await r.git("bisect", "start");
      },
      files: [],
    },
    "a lock on the index": { make: (r) => r.write({ ".git/index.lock": "" }), files: [] },
    "a lock on the branch": { make: (r) => r.write({ ".git/refs/heads/main.lock": "" }), files: [] },
    "a lock on HEAD": { make: (r) => r.write({ ".git/HEAD.lock": "" }), files: [] },
  };

for (const [what, { make, files }] of Object.entries(OBSTACLES)) {
  Deno.test(`branch move: refused, and nothing is changed: ${what}`, async () => {
    await withRepository(FILES, async (repository, base) => {
      const work = await repository.branchOff("work", base, WORK, ["gone.txt"]);
      await make(repository);
      const before = await repository.picture();
      const end = await move(repository, base, work);
      assert.ok(typeof end !== "string", `it ended as ${end}`);
      assert.deepEqual(end.files, files, end.why);
      assert.deepEqual(await repository.picture(), before);
    });
  });
}

Deno.test("branch move: an ignored file is not overwritten, even if its name is not UTF-8", async () => {
  await withRepository(FILES, async (repository, base) => {
    await shell(
      repository.path,
      "git checkout -q -b work && printf 1 > \"$(printf 'x\\377')\" && git add -A && git commit -qm two",
    );
    const work = await repository.git("rev-parse", "HEAD");
    await shell(
      repository.path,
      "git checkout -q main && echo 'x*' >> .git/info/exclude && printf mine > \"$(printf 'x\\377')\"",
    );
    const end = await move(repository, base, work);
    assert.ok(typeof end !== "string", `it ended as ${end}`);
    assert.equal(await shell(repository.path, "cat x*"), "mine");
  });
});

Deno.test("branch move: somebody else has moved the branch", async () => {
  await withRepository(FILES, async (repository, base) => {
    const work = await repository.branchOff("work", base, WORK, ["gone.txt"]);
    await repository.commit("meanwhile", { "dir/b.txt": "theirs\n" });
    const before = await repository.picture();
    assert.equal(await move(repository, base, work), "overtaken");
    assert.deepEqual(await repository.picture(), before);
  });
});

Deno.test("branch move: a crash in the middle is undone, whatever has been written, and edits made since stay", async () => {
  await withRepository({ ...FILES, "more.txt": "more\n" }, async (repository, base) => {
    const work = await repository.branchOff("work", base, { ...WORK, "more.txt": "more, changed\n" }, [
      "gone.txt",
    ]);
    const clean = await repository.picture();
    const trees = [{ path: repository.path, git_dir: repository.git_dir }];
    const settle = () => settleMove(serverGit, moveOf(repository, base, work), trees, repository.room);
    const same = async () => {
      assert.equal(await repository.git("status", "--short"), "");
      const { ".git/index": _index, ...now } = await repository.picture();
      const { ".git/index": _before, ...was } = clean;
      assert.deepEqual(now, was);
    };
    // All files and the index, but not the reference.
    await repository.git("read-tree", "-m", "-u", base, work);
    assert.equal(await settle(), "undone");
    await same();
    // Some files, and not the index.
    await repository.write({ "a.txt": WORK["a.txt"] });
    await repository.write({ "deep/er/new.txt": WORK["deep/er/new.txt"] });
    await Deno.remove(join(repository.path, "gone.txt"));
    assert.equal(await settle(), "undone");
    await same();
    // Killed while it wrote: one file is gone, one is empty, one is begun.
    await Deno.remove(join(repository.path, "a.txt"));
    await repository.write({ "new.txt": "", "more.txt": "more, ch" });
    assert.equal(await settle(), "undone");
    await same();
    // Files, and one of them edited since.
    await repository.write({ "a.txt": WORK["a.txt"] });
    await repository.write({ "more.txt": "mine\n" });
    assert.equal(await settle(), "undone");
    assert.equal(await repository.git("status", "--short"), " M more.txt");
    assert.equal(await repository.read("more.txt"), "mine\n");
    await repository.write({ "more.txt": "more\n" });
    // The reference too.
    assert.equal(await move(repository, base, work), "moved");
    assert.equal(await settle(), "moved");
    assert.equal(await repository.read("new.txt"), "new\n");
  });
});

Deno.test("branch move: a crash in the middle leaves what a link leads to alone", async () => {
  await withRepository(FILES, async (repository) => {
    const outside = `${repository.room}-outside`;
    await Deno.mkdir(outside);
    await Deno.writeTextFile(join(outside, "x.txt"), "one\n");
    await Deno.symlink(outside, join(repository.path, "d"));
    const base = await repository.commit("a link", {});
    const work = await repository.branchOff("work", base, { "d/x.txt": "one\ntwo\n" }, ["d"]);
    const trees = [{ path: repository.path, git_dir: repository.git_dir }];
    const settle = () => settleMove(serverGit, moveOf(repository, base, work), trees, repository.room);
    assert.equal(await settle(), "undone");
    assert.equal(await Deno.readTextFile(join(outside, "x.txt")), "one\n");
    assert.equal(await repository.git("status", "--short"), "");
    // The other way round: a folder becomes a link.
    await repository.git("reset", "--quiet", "--hard", work);
    await repository.git("rm", "--quiet", "-r", "d");
    await Deno.symlink(outside, join(repository.path, "d"));
    const linked = await repository.commit("a link again", {});
    await repository.git("reset", "--quiet", "--hard", work);
    await repository.git("read-tree", "-m", "-u", work, linked);
    const back = () => settleMove(serverGit, moveOf(repository, work, linked), trees, repository.room);
    assert.equal(await back(), "undone");
    assert.equal(await repository.read("d/x.txt"), "one\ntwo\n");
    assert.equal(await Deno.readTextFile(join(outside, "x.txt")), "one\n");
    assert.equal(await repository.git("status", "--short"), "");
  });
});

Deno.test("branch move: a crash in the middle is undone for names that are not UTF-8 too", async () => {
  await withRepository(FILES, async (repository) => {
    const { path, git_dir, room } = repository;
    const name = (letter: string) => `"$(printf '${letter}\\377')"`;
    await shell(
      path,
      `printf 1 > ${name("a")} && printf 1 > ${name("b")} && printf 1 > ${
        name("c")
      } && git add -A && git commit -qm raw`,
    );
    const base = await repository.git("rev-parse", "HEAD");
    await shell(
      path,
      `git checkout -q -b work && printf 2 > ${name("a")} && rm ${name("b")} && mkdir d && printf 2 > ${
        name("d/d")
      } && git add -A && git commit -qm two && git checkout -q main`,
    );
    const work = await repository.git("rev-parse", "work");
    const trees = [{ path, git_dir }];
    const settle = () => settleMove(serverGit, moveOf(repository, base, work), trees, room);
    const same = async () => {
      assert.equal(await repository.git("status", "--short"), "");
      assert.equal(
        await shell(path, `cat ${name("a")} ${name("b")} ${name("c")}; ls -d d 2>&1 || true`),
        "111" +
          "ls: cannot access 'd': No such file or directory\n",
      );
    };
    await repository.git("read-tree", "-m", "-u", base, work);
    assert.equal(await settle(), "undone");
    await same();
    // Some files, and not the index.
    await shell(path, `printf 2 > ${name("a")}; rm ${name("b")}; mkdir d; printf 2 > ${name("d/d")}`);
    assert.equal(await settle(), "undone");
    await same();
    // One is gone, and one has been edited since.
    await shell(path, `rm ${name("a")}; mkdir d; printf mine > ${name("d/d")}`);
    assert.equal(await settle(), "undone");
    assert.equal(await shell(path, `cat ${name("a")} ${name("d/d")}`), "1mine");
  });
});

async function shell(cwd: string, script: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-ec", script],
    cwd,
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
