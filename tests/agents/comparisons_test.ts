/** What git says about a task's work, with real repositories: every kind of change, hostile names and configurations. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ComparedWork } from "../../src/domain/comparison.ts";
import type { ChangedFile, TaskChanges } from "../../src/domain/task_changes.ts";
import { gitComparisons } from "../../src/workspaces/changes/comparisons.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { containedPrograms } from "../../src/host/processes/contained_program.ts";
import { createGit } from "../../src/workspaces/git.ts";
import { git, Repository } from "../fixtures/repository.ts";

interface Case {
  repository: Repository;
  /** The commit that the work is compared with. */
  from: string;
  work(more?: Partial<ComparedWork>): ComparedWork;
  changes(
    list?: { path?: string; context?: number; patch?: boolean },
    work?: ComparedWork,
  ): Promise<TaskChanges>;
}

/** Comparisons by git as the server runs it, for a user whose home is this folder. */
function comparisonsFor(folder: string) {
  const server_env = { ...Deno.env.toObject(), HOME: folder, XDG_CONFIG_HOME: folder };
  const own = createGit({ run: containedPrograms(systemClock), server_env });
  return gitComparisons({ git: own, clock: systemClock, data: folder, folder: join(folder, "compare") });
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-compare-" }));
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs `test` in a repository whose first commit has these files. */
async function comparing(
  files: Record<string, string | Uint8Array | undefined>,
  test: (all: Case) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const repository = await Repository.create(join(folder, "repository"), files);
    const from = await repository.git("rev-parse", "HEAD");
    const common_dir = join(repository.path, ".git");
    const work = (more: Partial<ComparedWork> = {}): ComparedWork => ({
      common_dir,
      folder: { git_dir: common_dir, work_tree: repository.path },
      head: from,
      from,
      base: "main",
      base_commit: from,
      isOpen: true,
      ...more,
    });
    const comparisons = await comparisonsFor(folder);
    await test({
      repository,
      from,
      work,
      changes: (list = {}, of = work()) => comparisons.changes(of, { context: 3, patch: true, ...list }),
    });
    assert.deepEqual([...Deno.readDirSync(join(folder, "compare"))], [], "nothing is left behind");
  });
}

const short = ({ path, old_path, status, binary, additions, deletions }: ChangedFile) =>
  [
    old_path ? `${old_path} > ${path}` : path,
    status,
    ...binary ? ["binary"] : [],
    `+${additions}-${deletions}`,
  ]
    .join(" ");

const LINES = Array.from({ length: 20 }, (_, i) => `line ${i + 1}\n`).join("");

Deno.test("changes: every kind, committed or not, with what git says", async () => {
  const files = {
    "changed.txt": LINES,
    "gone.txt": "a\nb\n",
    "old name.txt": LINES,
    "run.sh": "echo\n",
    "link": "text\n",
    "data.bin": new Uint8Array([0, 1, 2]),
    "same.txt": "same\n",
  };
  await comparing(files, async ({ repository, changes, from }) => {
    await repository.commit("work", { "changed.txt": LINES.replace("line 5\n", "line five\nand more\n") });
    await repository.write({
      "gone.txt": undefined,
      "old name.txt": undefined,
      "new name.txt": `${LINES}one more\n`,
      "link": undefined,
      "data.bin": new Uint8Array([0, 1, 3]),
      "empty.txt": "",
      "no end.txt": "x",
      ".gitignore": "*.log\n",
      "ignored.log": "x",
      "sub/deep/new.txt": "1\n2\n",
    });
    await Deno.symlink("same.txt", join(repository.path, "link"));
    await Deno.chmod(join(repository.path, "run.sh"), 0o755);
    const result = await changes();
    assert.deepEqual(result.files.map(short), [
      ".gitignore added +1-0",
      "changed.txt modified +2-1",
      "data.bin modified binary +0-0",
      "empty.txt added +0-0",
      "gone.txt deleted +0-2",
      "link type_changed +1-1",
      "old name.txt > new name.txt renamed +1-0",
      "no end.txt added +1-0",
      "run.sh modified +0-0",
      "sub/deep/new.txt added +2-0",
    ]);
    assert.deepEqual(result.totals, { files: 10, additions: 8, deletions: 4 });
    assert.equal(result.base_commit, from);
    assert.equal(result.head_commit, await repository.git("rev-parse", "HEAD"));
    assert.equal(result.uncommitted, true);
    const patchOf = (path: string) => result.files.find((file) => file.path === path)!.patch!;
    assert.match(
      patchOf("changed.txt"),
      /^diff --git a\/changed.txt b\/changed.txt\nindex .*\n--- a\/changed/,
    );
    assert.match(patchOf("changed.txt"), /\n line 4\n-line 5\n\+line five\n\+and more\n line 6\n/);
    assert.match(patchOf("new name.txt"), /rename from old name.txt\nrename to new name.txt\n/);
    assert.match(patchOf("run.sh"), /old mode 100644\nnew mode 100755\n$/);
    assert.match(patchOf("no end.txt"), /\n\+x\n\\ No newline at end of file\n$/);
    assert.match(patchOf("link"), /deleted file mode 100644[^]*diff --git a\/link[^]*new file mode 120000/);
    assert.equal(patchOf("data.bin"), undefined);
    // All patches together are one that git accepts.
    const whole = result.files.filter(({ binary }) => !binary).map(({ patch }) => patch).join("");
    await repository.git("checkout", "--quiet", "--detach", from);
    await Deno.writeTextFile(join(repository.path, "../all.patch"), whole);
    await repository.git("stash", "--quiet", "--include-untracked");
    await repository.git("apply", "--index", "../all.patch");
    assert.equal(await repository.git("show", ":sub/deep/new.txt"), "1\n2");
  });
});

Deno.test("changes: names may hold anything", async () => {
  const names = [
    "-x",
    "--stat",
    ":(top)a",
    "*",
    "[a]",
    'quo"te',
    "new\nline",
    "tab\there",
    "tab\t",
    "日本語",
    " ",
    "back\\slash",
    "a/-b/:c",
    "é".repeat(100),
  ].sort();
  const all = Object.fromEntries(names.map((name) => [name, "x\n"]));
  await comparing({ other: "x\n" }, async ({ repository, changes }) => {
    await repository.write(all);
    const { files } = await changes();
    assert.deepEqual(new Set(files.map(({ path }) => path)), new Set(names));
    for (const path of names) {
      const one = await changes({ path });
      assert.deepEqual(one.files, files.filter((file) => file.path === path), path);
      assert.ok(one.files[0]!.patch!.endsWith("+x\n"));
    }
  });
});

Deno.test("changes: a name that is not UTF-8 is shown with replaced bytes, and can be asked for so", async () => {
  await comparing({ other: "x\n" }, async ({ repository, changes }) => {
    // Such a name can only be given by a program that has it as bytes.
    const made = await new Deno.Command("sh", {
      args: ["-c", `printf 'caf\\351 is latin\\n' > "$(printf 'caf\\351')"`],
      cwd: repository.path,
    }).output();
    assert.ok(made.success);
    const { files } = await changes();
    assert.deepEqual(files.map(short), ["caf\ufffd added +1-0"]);
    assert.match(files[0]!.patch!, /\n\+caf\ufffd is latin\n$/);
    assert.deepEqual((await changes({ path: "caf\ufffd" })).files, files);
  });
});

Deno.test("changes: a path is a file or a folder, literally, and shows what all changes show of it", async () => {
  const files = { "a/one": LINES, "a/two": "2\n", "ab": "x\n", "b/three": "3\n", "a*": "star\n" };
  await comparing(files, async ({ repository, changes }) => {
    await repository.write({
      "a/one": undefined,
      "b/moved": LINES,
      "a/two": "two\n",
      "ab": "y\n",
      "a*": "stars\n",
      "b/three": "three\n",
    });
    const paths = async (path: string) => (await changes({ path })).files.map(short);
    assert.deepEqual(await paths("a"), ["a/two modified +1-1"]);
    assert.deepEqual(await paths("./a/"), ["a/two modified +1-1"]);
    assert.deepEqual(await paths("b"), ["a/one > b/moved renamed +0-0", "b/three modified +1-1"]);
    assert.deepEqual(await paths("b/moved"), ["a/one > b/moved renamed +0-0"]);
    // Nothing of that name is left, so its new place is shown.
    assert.deepEqual(await paths("a/one"), ["a/one > b/moved renamed +0-0"]);
    assert.deepEqual(await paths("a*"), ["a* modified +1-1"]);
    for (const nothing of ["nothing", "../a", "/a", "a/tw", "**"]) {
      assert.deepEqual(await paths(nothing), [], nothing);
    }
    const { totals } = await changes({ path: "b" });
    assert.deepEqual(totals, { files: 2, additions: 1, deletions: 1 });
    assert.equal((await changes({ path: "." })).files.length, 5);
  });
});

Deno.test("changes: the lines around a change are as many as are asked for; without patches the counts stay", async () => {
  await comparing({ f: LINES }, async ({ repository, changes }) => {
    await repository.write({ f: LINES.replace("line 10\n", "ten\n") });
    for (const context of [0, 1, 3, 100]) {
      const [file] = (await changes({ context })).files;
      const around = file!.patch!.split("\n").filter((line) => line.startsWith(" ")).length;
      assert.equal(around, Math.min(19, 2 * context));
    }
    const [without] = (await changes({ patch: false })).files;
    assert.deepEqual([without!.patch, without!.truncated, without!.additions], [undefined, undefined, 1]);
  });
});

const CONFIGURATIONS: Record<string, string> = {
  "diff.noprefix": "true",
  "diff.mnemonicPrefix": "true",
  "diff.external": "/bin/false",
  "diff.renames": "false",
  "diff.orderFile": "order",
  "diff.algorithm": "patience",
  "diff.interHunkContext": "50",
  "diff.context": "0",
  "diff.suppressBlankEmpty": "true",
  "diff.submodule": "log",
  "diff.ignoreSubmodules": "all",
  "diff.relative": "true",
  "diff.txt.textconv": "tr a-z A-Z <",
  "diff.txt.binary": "true",
  "diff.wsErrorHighlight": "all",
  "color.ui": "always",
  "color.diff": "always",
  "core.quotePath": "true",
  "core.abbrev": "40",
  "core.attributesFile": "../attributes",
  "core.pager": "false",
  "status.showUntrackedFiles": "no",
  "status.relativePaths": "true",
  "diff.indentHeuristic": "false",
};

Deno.test("changes: the configuration of the user and the repository changes nothing", async () => {
  const files = { "a.txt": LINES, "moved.txt": `${LINES}x\n`, "é.txt": "a\n\nb\n" };
  await comparing(files, async ({ repository, changes }) => {
    await repository.write({
      "a.txt": LINES.replace("line 5\n", "five\n").replace("line 15\n", "fifteen\n"),
      "moved.txt": undefined,
      "new/name.txt": `${LINES}x\n`,
      "é.txt": "a\n\nc\n",
      "untracked.txt": "1\n",
    });
    const plain = await changes();
    assert.equal(plain.files.length, 4);
    await repository.write({ "../attributes": "*.txt diff=txt\n", "order": "untracked.txt\n" });
    await repository.write({ ".git/info/attributes": "*.txt -diff\n", ".git/info/exclude": "order\n" });
    for (const file of [".git/config", "../.gitconfig"]) {
      for (const [name, value] of Object.entries(CONFIGURATIONS)) {
        await repository.git("config", "--file", file, name, value);
      }
    }
    assert.deepEqual(await changes(), plain);
    assert.deepEqual(
      (await changes({ path: "new" })).files,
      plain.files.filter(({ path }) => path === "new/name.txt"),
    );
  });
});

Deno.test("changes: an agent cannot hide a file by attributes or by marks in its index", async () => {
  await comparing({ "a.txt": "a\n", "b.txt": "b\n" }, async ({ repository, changes }) => {
    await repository.git("update-index", "--assume-unchanged", "a.txt");
    await repository.write({ "a.txt": "hidden\n", "b.txt": "B\n", ".gitattributes": "* -diff\n" });
    const { files } = await changes();
    assert.deepEqual(files.map(short), [
      ".gitattributes added +1-0",
      "a.txt modified +1-1",
      "b.txt modified +1-1",
    ]);
    assert.match(files[1]!.patch!, /\n\+hidden\n/);
  });
});

Deno.test("changes: the agent's index stays as it is, and nothing is added to the repository", async () => {
  await comparing({ "a.txt": "a\n", "b.txt": "b\n" }, async ({ repository, changes }) => {
    await repository.write({ "a.txt": "staged\n" });
    await repository.git("add", "a.txt");
    await repository.write({ "b.txt": "not staged\n", "c.txt": "new\n" });
    const index = await Deno.readFile(join(repository.path, ".git/index"));
    const { mtime } = await Deno.stat(join(repository.path, ".git/index"));
    const objects = await repository.git("count-objects");
    assert.equal((await changes()).files.length, 3);
    assert.deepEqual(await Deno.readFile(join(repository.path, ".git/index")), index);
    assert.deepEqual((await Deno.stat(join(repository.path, ".git/index"))).mtime, mtime);
    assert.equal(await repository.git("count-objects"), objects);
    assert.equal(await repository.git("diff", "--cached", "--name-only"), "a.txt");
  });
});

Deno.test("changes: a change in the same second and of the same length as the commit is seen", async () => {
  await comparing({ "a.txt": "a\n" }, async ({ repository, changes }) => {
    for (let round = 0; round < 5; round++) {
      await repository.commit("work", { "a.txt": `${round}\n` });
      const path = join(repository.path, "a.txt");
      const { atime, mtime } = await Deno.stat(path);
      await Deno.writeTextFile(path, "x\n");
      await Deno.utime(path, atime!, mtime!);
      assert.match((await changes()).files[0]!.patch!, /\n\+x\n/);
    }
  });
});

Deno.test("changes: repositories inside the repository, with and without a commit", async () => {
  await comparing({ "a.txt": "a\n" }, async ({ repository, changes }) => {
    await git(repository.path, "init", "--quiet", "without");
    await repository.write({ "z.txt": "z\n" });
    await Repository.create(join(repository.path, "with"));
    const { files, nested } = await changes();
    assert.deepEqual(files.map(short), ["z.txt added +1-0"]);
    assert.deepEqual(nested, ["with", "without"]);
  });
});

Deno.test("changes: line ends and the end of a file are shown as they are", async () => {
  await comparing({ "a.txt": "a\r\nb\r\n" }, async ({ repository, changes }) => {
    await repository.write({ "a.txt": "a\nb\r\n", "b.txt": "\ufeffx\r\ny" });
    const { files } = await changes();
    assert.ok(files[0]!.patch!.endsWith("@@ -1,2 +1,2 @@\n-a\r\n+a\n b\r\n"));
    assert.ok(files[1]!.patch!.endsWith("+\ufeffx\r\n+y\n\\ No newline at end of file\n"));
  });
});

Deno.test("changes: how the work stands to its base, and what would conflict", async () => {
  await comparing(
    { "a.txt": LINES, "b.txt": "b\n", "c.txt": "c\n" },
    async ({ repository, changes, work, from }) => {
      await repository.git("checkout", "--quiet", "-b", "opencode-agents/t");
      await repository.commit("work", { "a.txt": LINES.replace("line 1\n", "mine\n") });
      const own = work({ branch: "opencode-agents/t" });
      const first = await changes({}, own);
      assert.deepEqual([first.ahead, first.behind, first.conflicts], [1, 0, []]);
      assert.equal(first.branch, "opencode-agents/t");
      // The base moves on, in the same line and in a file that the work has not committed yet.
      await repository.git("checkout", "--quiet", "main");
      await repository.commit("work", { "a.txt": LINES.replace("line 1\n", "theirs\n"), "b.txt": "B\n" });
      await repository.commit("work", { "c.txt": "C\n" });
      await repository.git("checkout", "--quiet", "opencode-agents/t");
      await repository.write({ "b.txt": "other\n" });
      const second = await changes({}, own);
      assert.deepEqual([second.ahead, second.behind, second.conflicts], [1, 2, ["a.txt", "b.txt"]]);
      assert.equal(second.conflicts_unknown, undefined);
      // It is compared with where it started, not with where its base is now.
      assert.deepEqual(second.files.map(({ path }) => path), ["a.txt", "b.txt"]);
      const closed = await changes({}, work({ branch: "opencode-agents/t", isOpen: false }));
      assert.deepEqual([closed.behind, closed.conflicts], [2, []]);
      // A tag or a commit does not move.
      const tagged = await changes({}, work({ base: "v1" }));
      assert.deepEqual([tagged.ahead, tagged.behind, tagged.base_commit], [1, 0, from]);
    },
  );
});

Deno.test("changes: when the folder is gone, the last commit counts", async () => {
  await comparing({ "a.txt": "a\n" }, async ({ repository, changes, work, from }) => {
    const head = await repository.commit("work", { "a.txt": "b\n" });
    await repository.git("update-ref", "refs/opencode-agents/accepted/t", head);
    await repository.git("reset", "--quiet", "--hard", from);
    const gone = {
      git_dir: join(repository.path, ".git/worktrees/t"),
      work_tree: join(repository.path, "../gone"),
    };
    const result = await changes({}, work({ head, folder: gone, branch: "opencode-agents/t" }));
    assert.deepEqual(result.files.map(short), ["a.txt modified +1-1"]);
    assert.deepEqual([result.head_commit, result.uncommitted, result.branch], [head, false, undefined]);
  });
});

Deno.test("changes: a repository whose ids are SHA-256", async () => {
  await inFolder(async (folder) => {
    await git(folder, "init", "--quiet", "--object-format=sha256", "repository");
    const repository = await Repository.create(join(folder, "repository"), { "a.txt": "a\n" });
    const from = await repository.git("rev-parse", "HEAD");
    await repository.write({ "a.txt": "b\n" });
    const common_dir = join(repository.path, ".git");
    const { files } = await (await comparisonsFor(folder)).changes({
      common_dir,
      folder: { git_dir: common_dir, work_tree: repository.path },
      head: from,
      from,
      base_commit: from,
      isOpen: true,
    }, { context: 3, patch: true });
    assert.deepEqual(files.map(short), ["a.txt modified +1-1"]);
    assert.equal(files[0]!.blob.length, 64);
  });
});

Deno.test("changes: more files than an answer lists", async () => {
  await comparing({ "a.txt": "a\n" }, async ({ repository, changes }) => {
    const input = Array.from({ length: 10_050 }, (_, i) => {
      const name = `many/${String(i).padStart(5, "0")}`;
      return `M 100644 inline ${name}\ndata 2\nx\n`;
    }).join("");
    const stream =
      `commit refs/heads/many\ncommitter A <a@b> 1700000000 +0000\ndata 1\nm\nfrom main\n${input}\n`;
    await Deno.writeTextFile(join(repository.path, "../stream"), stream);
    const fed = await new Deno.Command("sh", {
      args: [
        "-c",
        "git fast-import --quiet < ../stream && git read-tree many && git symbolic-ref HEAD refs/heads/many",
      ],
      cwd: repository.path,
    }).output();
    assert.ok(fed.success, new TextDecoder().decode(fed.stderr));
    await repository.git("checkout", "--quiet", "--force", "many");
    const result = await changes({ patch: false });
    assert.equal(result.files.length, 10_000);
    assert.equal(result.files_truncated, true);
    assert.deepEqual(result.totals, { files: 10_050, additions: 10_050, deletions: 0 });
    const last = await changes({ path: "many/10049" });
    assert.deepEqual(last.files.map(short), ["many/10049 added +1-0"]);
    assert.equal(last.files_truncated, undefined);
  });
});
