/**
 * What becomes of an agent's work at the end of a turn. The table has the kinds of things that an agent, a person or a
 * configuration may do; for each, everything that was in the worktree can still be had.
 */
import assert from "node:assert/strict";
import { withoutPrivilege } from "./fixtures/without_privilege.ts";
import { TaskWorktree, withTask, workspacesIn } from "../fixtures/task_worktree.ts";

interface Kind {
  /** What the agent does in its worktree. It writes `precious` into a file. */
  does: string;
  /** Before that, in the repository. */
  before?: string;
  files?: Record<string, string>;
  /**
   * branch: on the task's branch. ref: kept under another reference, which the log names. stays: in the worktree, which the log
   * names.
   */
  kept: "branch" | "ref" | "stays";
  log?: RegExp;
}

const COMMIT = "git add -A && git commit -qm work";

/** Goes on in the repository's own folder. */
const MOVE =
  'at="$PWD" && cd "$(git rev-parse --git-common-dir)/.." && git worktree move "$at" "$PWD-elsewhere"';

const SUBMODULE = "git init -q ../sub && git -C ../sub commit -q --allow-empty -m first && " +
  "git -c protocol.file.allow=always submodule --quiet add ../sub sub && git commit -qm sub";

const KINDS: Record<string, Kind> = {
  "a new file": { does: "echo precious > new", kept: "branch" },
  "a changed file": { does: "echo precious > file.txt", kept: "branch" },
  "a commit of its own": { does: `echo precious > new && ${COMMIT}`, kept: "branch" },
  "a commit, and a file after it": { does: `echo x > x && ${COMMIT} && echo precious > new`, kept: "branch" },
  "a staged file": { does: "echo precious > new && git add new", kept: "branch" },
  "a file name with a line break and a quote": { does: `echo precious > 'a "b\nc'`, kept: "branch" },
  "a file name that looks like an option": { does: "echo precious > ./--all", kept: "branch" },
  "a file name that looks like a pattern": {
    does: "echo precious > ':(top)x' && echo x > '*'",
    kept: "branch",
  },
  "untracked files that the user's configuration hides": {
    before: "git config status.showUntrackedFiles no",
    does: "echo precious > new",
    kept: "branch",
  },
  "a file that is assumed to be unchanged": {
    does: "git update-index --assume-unchanged file.txt && echo precious > file.txt",
    kept: "branch",
  },
  "a file that is skipped": {
    does: "git update-index --skip-worktree file.txt && echo precious > file.txt",
    kept: "branch",
  },
  "a file outside of a sparse checkout": {
    before: "mkdir a b && echo 1 > a/1 && echo 1 > b/1 && git add -A && git commit -qm two",
    does: "git sparse-checkout set a && mkdir -p b && echo precious > b/new",
    kept: "branch",
  },
  "line ends that git warns of": {
    before: "git config core.autocrlf input && git config core.safecrlf true",
    does: "printf 'precious\\r\\nx\\r\\n' > crlf && printf 'precious\\n' > new",
    kept: "branch",
  },
  "hooks that refuse, and signatures that cannot be made": {
    before: "mkdir -p .git/hooks && printf '#!/bin/sh\\nexit 1\\n' > .git/hooks/pre-commit && " +
      "chmod +x .git/hooks/pre-commit && cp .git/hooks/pre-commit .git/hooks/reference-transaction && " +
      "git config commit.gpgSign true && git config gpg.program false",
    does: "echo precious > new",
    kept: "branch",
  },
  "a filter": {
    before: "git config filter.rot.clean 'tr a-m n-z' && git config filter.rot.smudge 'tr n-z a-m' && " +
      "echo '*.rot filter=rot' > .gitattributes && git add -A && git commit -qm two",
    does: "echo aaa > x.rot && echo precious > new",
    kept: "branch",
  },
  "a shallow clone": {
    before: "echo 2 > 2 && git add -A && git commit -qm two && git rev-parse HEAD > .git/shallow",
    does: "echo precious > new",
    kept: "branch",
  },
  "a commit on a detached HEAD": {
    does: `git checkout -q --detach && echo precious > new && ${COMMIT}`,
    kept: "branch",
  },
  "a commit on a detached HEAD that it has left": {
    does: `git checkout -q --detach && echo precious > new && ${COMMIT} && git checkout -q -`,
    kept: "ref",
    log: /are kept under refs\/opencode-agents\/work\/t1/,
  },
  "a commit on another branch": {
    does: `git checkout -q -b other && echo precious > new && ${COMMIT}`,
    kept: "branch",
  },
  "files on another branch": { does: "git checkout -q -b other && echo precious > new", kept: "branch" },
  "files on an orphan branch": {
    does: "git checkout -q --orphan other && git rm -rqf . && echo precious > new",
    kept: "branch",
  },
  "a commit that it has reset away": {
    does: `echo precious > new && ${COMMIT} && git reset -q --hard HEAD~1`,
    kept: "ref",
    log: /are kept under/,
  },
  "a commit that it has amended away": {
    does: `echo precious > new && ${COMMIT} && git rm -q new && git commit -q --amend --allow-empty -m less`,
    kept: "ref",
    log: /are kept under/,
  },
  "files on an older commit": {
    before: "echo 2 > 2 && git add -A && git commit -qm two",
    does: "git checkout -q --detach HEAD~1 && echo precious > new",
    kept: "ref",
    log: /has another commit checked out/,
  },
  "its branch deleted": {
    does: "git checkout -q --detach && git branch -q -D opencode-agents/t1 && echo precious > new",
    kept: "branch",
  },
  "an unfinished merge": {
    does: `git checkout -q -b a && echo a > file.txt && git commit -qam a && git checkout -q - && ` +
      `echo b > file.txt && git commit -qam b && { git merge -q a || true; } && echo precious > file.txt`,
    kept: "ref",
    log: /a merge is not finished/,
  },
  "an unfinished rebase": {
    does: `git checkout -q -b a && echo a > file.txt && git commit -qam a && git checkout -q - && ` +
      `echo b > file.txt && git commit -qam b && { git rebase -q a || true; } && echo precious > new`,
    kept: "ref",
    log: /a rebase/,
  },
  "a stale lock": {
    does: 'echo precious > new && touch "$(git rev-parse --git-dir)/index.lock"',
    kept: "ref",
    log: /index\.lock/,
  },
  "a damaged index": {
    does: 'echo precious > new && echo broken > "$(git rev-parse --git-dir)/index"',
    kept: "branch",
  },
  "a stash": { does: "echo precious > new && git stash -qu", kept: "ref", log: /stash@\{0\}/ },
  "a `.git` that is deleted": { does: "echo precious > new && rm .git", kept: "branch" },
  "a `.git` that leads elsewhere": {
    before: "git init -q ../other",
    does: 'echo precious > new && echo "gitdir: $PWD/../../../other/.git" > .git',
    kept: "branch",
  },
  "a repository in the place of its `.git`": {
    does: `rm .git && git init -q . && echo precious > new && ${COMMIT}`,
    kept: "branch",
    log: /repository inside the worktree/,
  },
  "git's folder of the worktree deleted": {
    does: 'echo precious > new && rm -r "$(git rev-parse --git-dir)"',
    kept: "branch",
  },
  "the repository's working tree moved by configuration": {
    does: "git config core.worktree /tmp && echo precious > new",
    kept: "branch",
  },
  "a repository inside": {
    does: `mkdir in && cd in && git init -q && echo precious > new && ${COMMIT}`,
    kept: "ref",
    log: /repository inside the worktree .*: in/,
  },
  "a repository inside without a commit": {
    does: "mkdir in && cd in && git init -q && echo precious > new",
    kept: "ref",
    log: /repository inside the worktree .*: in/,
  },
  "a repository inside that it has added": {
    does: `mkdir in && cd in && git init -q && echo precious > new && ${COMMIT} && cd .. && ${COMMIT}`,
    kept: "ref",
    log: /repository inside the worktree .*: in/,
  },
  "a submodule with loose files": {
    before: SUBMODULE,
    does: "echo precious > sub/new",
    kept: "ref",
    log: /repository inside the worktree .*: sub/,
  },
  "a submodule with a new commit": {
    before: SUBMODULE,
    does: `cd sub && echo precious > new && ${COMMIT}`,
    kept: "ref",
    log: /repository inside the worktree .*: sub/,
  },
  "a link in the place of a folder": {
    before: "mkdir d && echo 1 > d/1 && git add -A && git commit -qm two",
    does: "rm -r d && ln -s /tmp d && echo precious > new",
    kept: "branch",
  },
  "a file in the place of a folder, and a folder in the place of a file": {
    before: "mkdir d && echo 1 > d/1 && git add -A && git commit -qm two",
    does: "rm -r d file.txt && echo precious > d && mkdir file.txt && echo x > file.txt/x",
    kept: "branch",
  },
  "names that differ in case": { does: "echo precious > FILE.TXT && echo other > File.txt", kept: "branch" },
  "names that are not UTF-8": {
    does: 'precious="$(printf \'x\\377\')" && echo precious > "$precious"',
    kept: "ref",
  },
  "a file with such a name that is assumed to be unchanged": {
    before: "printf 1 > \"$(printf 'x\\377')\" && git add -A && git commit -qm two",
    does:
      "git update-index --assume-unchanged \"$(printf 'x\\377')\" && echo precious > \"$(printf 'x\\377')\"",
    kept: "ref",
  },
  "a file with such a name that is skipped, beside one that is skipped and not there": {
    before: "printf 1 > \"$(printf 'x\\377')\" && git add -A && git commit -qm two",
    does: "git update-index --skip-worktree \"$(printf 'x\\377')\" file.txt && rm file.txt && " +
      "echo precious > \"$(printf 'x\\377')\"",
    kept: "ref",
  },
  "a repository inside with such a name": {
    does: "mkdir \"$(printf 'x\\377')\" && cd \"$(printf 'x\\377')\" && git init -q && echo precious > new",
    kept: "stays",
    log: /repository inside the worktree/,
  },
  "its folder renamed": { does: 'echo precious > new && mv "$PWD" "$PWD-renamed"', kept: "branch" },
  "its folder moved by git": {
    does: `echo precious > new && ${MOVE}`,
    kept: "branch",
    log: /was moved from/,
  },
  "its folder moved, and another worktree in its place": {
    does: `echo precious > new && ${MOVE} && git worktree add -q -b another "$at"`,
    kept: "branch",
    log: /was moved from/,
  },
  "a filter that fails, such as that of a program that is missing": {
    does:
      "git config filter.lfs.required true && git config filter.lfs.clean 'git-lfs-missing clean -- %f' && " +
      "echo '*.bin filter=lfs' > .gitattributes && echo precious > x.bin && echo other > y",
    kept: "ref",
    log: /Some files could not be committed: .*git-lfs-missing/s,
  },
  "other files beside such a filter": {
    does: "git config filter.lfs.required true && git config filter.lfs.process git-lfs-missing && " +
      "echo '*.bin filter=lfs' > .gitattributes && echo x > x.bin && echo precious > y",
    kept: "branch",
    log: /Some files could not be committed/,
  },
  "a text that is not in the encoding that its attribute names": {
    does: "echo '*.txt working-tree-encoding=UTF-16' > .gitattributes && echo precious > a.txt",
    kept: "ref",
    log: /Some files could not be committed: .*UTF-16/s,
  },
  "names that differ in case, where the configuration takes them for one": {
    before: "git config core.ignoreCase true",
    does: "echo precious > FILE.TXT",
    kept: "branch",
  },
  "an edit that leaves size and time, where the configuration looks at nothing else": {
    before: "git config core.trustctime false && git config core.checkStat minimal",
    does: "echo ordinary > q && git add q && git commit -qm two && touch -d 2020-01-01 q && " +
      "git update-index --refresh && echo precious > n && touch -d 2020-01-01 n && mv n q",
    kept: "branch",
  },
  "a submodule's folder without its repository": {
    before: SUBMODULE,
    does: "rm -rf sub/.git && echo precious > sub/new",
    kept: "ref",
    log: /repository inside the worktree .*: sub/,
  },
  "a folder in the place of a submodule": {
    before: SUBMODULE,
    does: "rm -rf sub && mkdir -p sub/deep && echo precious > sub/deep/new",
    kept: "ref",
    log: /repository inside the worktree .*: sub/,
  },
  "a submodule of which the repository has no copy, so that its folder is empty": {
    before: `${SUBMODULE} && git submodule --quiet deinit -f sub && rm -r .git/modules/sub`,
    does: "echo precious > sub/new",
    kept: "ref",
    log: /repository inside the worktree .*: sub/,
  },
  "a submodule whose repository is elsewhere than it says": {
    before: SUBMODULE,
    does: "echo 'gitdir: /nowhere' > sub/.git && echo precious > sub/new && echo 1 > y",
    kept: "ref",
    log: /repository inside the worktree .*: sub/,
  },
  "a submodule that has moved": {
    before: SUBMODULE,
    does: "git mv sub moved && echo precious > moved/new",
    kept: "ref",
    log: /repository inside the worktree .*: moved/,
  },
  "a folder whose `.git` leads nowhere": {
    does: "mkdir in && echo 'gitdir: /nowhere' > in/.git && echo precious > in/new",
    kept: "branch",
  },
  "a commit that it has reset away, where git keeps no logs": {
    before: "git config core.logAllRefUpdates false",
    does: `echo precious > new && ${COMMIT} && git reset -q --hard HEAD~1`,
    kept: "ref",
    log: /are kept under/,
  },
  "a staged file that it has deleted": {
    does: "echo precious > new && git add new && rm new",
    kept: "ref",
    log: /are kept under/,
  },
  "a staged file that it has changed again": {
    does: "echo precious > new && git add new && echo other > new",
    kept: "ref",
    log: /are kept under/,
  },
  "what git puts aside for a rebase that is not finished": {
    does: `git checkout -q -b a && echo a > file.txt && git commit -qam a && git checkout -q - && ` +
      `echo b > file.txt && git commit -qam b && echo precious > other.txt && git add other.txt && ` +
      `{ git rebase -q --autostash a || true; } && echo 1 > new`,
    kept: "ref",
    log: /a rebase/,
  },
  "a reference of the worktree alone": {
    does: "echo precious > n && git add n && " +
      "git update-ref refs/worktree/x $(git commit-tree $(git write-tree) -m x) && git reset -q --hard",
    kept: "ref",
    log: /are kept under/,
  },
  "a HEAD that is damaged": {
    does: 'echo precious > new && : > "$(git rev-parse --git-dir)/HEAD"',
    kept: "branch",
  },
  "its branch renamed": { does: `git branch -m mine && echo precious > new && ${COMMIT}`, kept: "branch" },
  "a branch of the user's with another history": {
    before: "git checkout -q --orphan other && git commit -qm other && git checkout -q main",
    does: "git checkout -q other && echo precious > new",
    kept: "ref",
    log: /has another commit checked out/,
  },
  "an identity that git does not take": {
    before: "git config user.name '<>' && git config user.email x",
    does: "echo precious > new",
    kept: "branch",
  },
  "conflicts of a stash that was popped": {
    does: "echo 1 > file.txt && git stash -q && echo b > file.txt && git commit -qam b && " +
      "{ git stash pop -q || true; } && echo precious > file.txt",
    kept: "branch",
  },
  "files for git that are none": {
    does: "mkdir .gitignore && ln -s /dev/zero .gitattributes && echo precious > new",
    kept: "branch",
  },
  "a pipe": { does: "mkfifo pipe && echo precious > new", kept: "branch" },
};

async function holds(task: TaskWorktree, kept: Kind["kept"]): Promise<string> {
  if (Object.values(await task.branchFiles().catch(() => ({}))).includes("precious")) return "branch";
  if (await task.keeps("precious")) return "ref";
  const { stdout } = await new Deno.Command("grep", { args: ["-rl", "precious", task.root] }).output();
  return stdout.length > 0 ? "stays" : `lost, not ${kept}`;
}

for (const [name, { does, before, files, kept, log }] of Object.entries(KINDS)) {
  Deno.test(`saved work: ${name}`, async () => {
    await withTask(
      async (task) => {
        if (before !== undefined) await shell(task.repository.path, before);
        const head = await task.repository.git("rev-parse", "HEAD");
        const status = await task.repository.git("status", "--porcelain", "--untracked-files=all");
        const work = await task.turn(does);
        assert.equal(work.failure, undefined);
        const { path } = task.repository;
        await new Deno.Command("git", { args: ["-C", path, "config", "--unset", "core.worktree"] }).output();
        assert.equal(await holds(task, kept), kept, work.log);
        if (log !== undefined) assert.match(work.log, log);
        // The user's own working tree is as it was.
        assert.equal(await task.repository.git("rev-parse", "HEAD"), head);
        assert.equal(await task.repository.git("status", "--porcelain", "--untracked-files=all"), status);
        if (work.workspace?.git_dir === undefined) return;
        // A second save finds nothing more to do.
        const refs = await task.repository.git("for-each-ref", "--format=%(refname) %(objectname)");
        const again = await task.save();
        assert.deepEqual([again.failure, again.changes], [undefined, work.changes]);
        assert.equal(await task.repository.git("for-each-ref", "--format=%(refname) %(objectname)"), refs);
      },
      {},
      files,
    );
  });
}

Deno.test("what a turn has left stays, although the next one has git forget it", async () => {
  await withTask(async (task) => {
    await task.turn("echo precious > new", false);
    await task.turn(
      "git reset -q --hard HEAD~1 && git reflog expire --expire=now --all && git gc -q --prune=now",
      false,
    );
    const { log } = await task.turn("echo 3 > three");
    assert.ok(await task.keeps("precious"), log);
    assert.match(log, /are kept under refs\/opencode-agents\/work\/t1|^$/);
  });
});

for (const checkout of ["", "git checkout -q --detach && "]) {
  Deno.test(`what a turn has put aside stays, although the next one drops it${checkout && ", detached"}`, async () => {
    await withTask(async (task) => {
      const { log } = await task.turn(`${checkout}echo precious > new && git stash -qu`, false);
      assert.match(log, /has put work aside/);
      await task.turn("git stash drop -q && git gc -q --prune=now && echo 2 > two");
      assert.ok(await task.keeps("precious"));
    });
  });
}

Deno.test("a link in the place of the worktree is not taken for it, nor what it leads to for the work", async () => {
  await withTask(async (task) => {
    await task.turn("git worktree add -q ../other -b other && echo 1 > ../other/mine && echo precious > new");
    const link = await Deno.readTextFile(`${task.root}/../other/.git`);
    await task.turn('mv "$PWD" "$PWD-old" && ln -s "$(dirname "$PWD")/other" "$PWD"');
    await task.save(true);
    assert.equal(await Deno.readTextFile(`${task.root}/../other/.git`), link);
    assert.equal(await Deno.readTextFile(`${task.root}/../other/mine`), "1\n");
    assert.ok(!("mine" in await task.branchFiles()));
    assert.ok(await task.keeps("precious"));
  });
});

Deno.test("a folder or a file that may not be read keeps the worktree, and is named", async () => {
  const found = await withoutPrivilege("closed_work.ts") as Record<string, Record<string, unknown>>;
  for (const name of ["folder", "file"]) {
    assert.equal(found[name]!.unsaved, true, JSON.stringify(found));
    assert.match(found[name]!.log as string, /Some files could not be committed: .*closed/s);
  }
  assert.equal(found.opened, false);
  assert.equal(found.files!["closed/new"], "precious");
  assert.equal(found.files!["closed/other"], "precious");
});

Deno.test("what of the work could not be committed is named", async () => {
  await withTask(async (task) => {
    const { left } = await task.turn("echo 1 > b && mkdir in && git init -q in && echo 1 > in/x", false);
    assert.deepEqual(left, ["in"]);
  });
});

Deno.test("what a person has changed after a turn is saved before the next one", async () => {
  await withTask(async (task) => {
    await task.turn("echo 1 > one");
    await Deno.writeTextFile(`${task.root}/mine`, "precious");
    await task.turn("git reset -q --hard HEAD~1 && git clean -fdxq && echo 2 > two");
    assert.ok(await task.keeps("precious"));
  });
});

Deno.test("worktrees that an agent makes stay, and are named once", async () => {
  await withTask(async (task) => {
    const { log } = await task.turn(
      "git worktree add -q ../../beside -b b && echo 1 > ../../beside/x",
      false,
    );
    assert.match(log, /A worktree was made .*\/beside, on branch 'b'/);
    assert.equal(await Deno.readTextFile(`${task.data}/beside/x`), "1\n");
    assert.doesNotMatch((await task.turn("echo 2 > two")).log, /A worktree was made/);
  });
});

Deno.test("a worktree whose repository is gone stays, and so does one with another in its place", async () => {
  await withTask(async (task) => {
    await task.turn("echo precious > new");
    const { path } = task.repository;
    await Deno.rename(path, `${path}-moved`);
    const save = () => workspacesIn(task.data).save!({ ...task.task, known: task.stored });
    assert.match((await save()).failure ?? "", /is not there now/);
    await shell(task.data, `git init -q '${path}' && git -C '${path}' commit -q --allow-empty -m other`);
    assert.match((await save()).failure ?? "", /another one/);
    assert.equal(await Deno.readTextFile(`${task.root}/new`), "precious\n");
  });
});

async function shell(cwd: string, script: string): Promise<void> {
  const [name, email] = ["Ann", "ann@example.invalid"];
  const author = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email };
  const identity = { ...author, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email };
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-ec", script],
    cwd,
    env: { ...identity, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
