/** Work that is accepted or discarded: what the branch, the working tree and the record become, and what is refused. */
import assert from "node:assert/strict";
import { OWNER } from "../../src/domain/actor.ts";
import type { ApiError } from "../../src/domain/errors.ts";
import { type EndedTasks, withEndedTasks } from "../fixtures/ended_tasks.ts";
import { until } from "../fixtures/until.ts";

const FILES = { "a.txt": "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "b.txt": "b\n", ".gitignore": "*.log\n" };
const edited = (line: number, text: string, of = FILES["a.txt"]) => of.replace(`${line}\n`, `${text}\n`);

const accept = (tasks: EndedTasks, task_id: string, more: object = {}) =>
  tasks.acceptance.accept({ task_id, ...more }, OWNER);

/** It is refused, and neither the repository nor the record has changed. */
async function refused(tasks: EndedTasks, work: () => Promise<unknown>, code: string, details: object) {
  const before = await pictureOf(tasks);
  const records = JSON.stringify([...tasks.store.tasks.values()]);
  await assert.rejects(work(), (error: ApiError) => {
    assert.equal(error.code, code, error.message);
    for (const [name, value] of Object.entries(details)) {
      assert.deepEqual(error.details[name], value, error.message);
    }
    return true;
  });
  assert.deepEqual(await pictureOf(tasks), before);
  assert.equal(JSON.stringify([...tasks.store.tasks.values()]), records);
}

/** The index of a task's own worktree is no concern of anybody: its loose files are committed first. */
async function pictureOf({ repository }: EndedTasks): Promise<Record<string, string>> {
  const all = Object.entries(await repository.picture());
  return Object.fromEntries(all.filter(([path]) => !/^\.git\/worktrees\/[^/]+\/index$/.test(path)));
}

async function isGone(tasks: EndedTasks, id: string): Promise<void> {
  assert.equal(await tasks.repository.git("branch", "--list", `opencode-agents/${id}`), "");
  await assert.rejects(Deno.lstat(tasks.root(id)), Deno.errors.NotFound);
  assert.equal((await tasks.repository.git("worktree", "list")).split("\n").length, 1);
}

Deno.test("accept: squash is the default: one commit with the description and the trailer, and the working tree follows", async () => {
  await withEndedTasks(FILES, async (tasks, base) => {
    const { repository } = tasks;
    await tasks.add("t", { "a.txt": edited(1, "one"), "new.txt": "new\n" });
    const head = await repository.git("rev-parse", "opencode-agents/t");
    await repository.write({ "b.txt": "mine\n" });
    const { commit, ...more } = await accept(tasks, "t");
    assert.deepEqual([more.method, more.into, more.head], ["squash", "main", head]);
    assert.equal(await repository.git("rev-parse", "main"), commit);
    assert.equal(
      await repository.git("log", "-1", "--format=%P|%an <%ae>|%B", commit),
      `${base}|Ann <ann@example.invalid>|Do t\n\nTask: t\n`,
    );
    assert.equal(await repository.read("new.txt"), "new\n");
    assert.equal(await repository.git("status", "--short"), " M b.txt");
    await isGone(tasks, "t");
    assert.equal(await repository.git("rev-parse", "refs/opencode-agents/accepted/t"), head);
    const { review, workspace, accepted, ending } = tasks.state("t");
    assert.deepEqual([review, workspace, ending], ["accepted", undefined, undefined]);
    assert.equal(accepted?.commit, commit);
    await refused(tasks, () => accept(tasks, "t"), "INVALID_FIELD_VALUE", { field: "task_id" });
  });
});

Deno.test("accept: merge has two parents, even where the branch could just move; a message keeps the trailer", async () => {
  await withEndedTasks(FILES, async (tasks, base) => {
    const { repository } = tasks;
    await tasks.add("t", { "new.txt": "new\n" });
    const head = await repository.git("rev-parse", "opencode-agents/t");
    const { commit } = await accept(tasks, "t", {
      method: "merge",
      message: "All new\n\nBecause.\n\nRefs: 7",
    });
    assert.equal(
      await repository.git("log", "-1", "--format=%P|%B", commit),
      `${base} ${head}|All new\n\nBecause.\n\nRefs: 7\nTask: t\n`,
    );
  });
});

Deno.test("accept: rebase puts the commits on top of a branch that has moved, with their authors", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository } = tasks;
    await tasks.add("t", { "a.txt": edited(1, "one") });
    const worktree = tasks.root("t");
    await Deno.writeTextFile(`${worktree}/a.txt`, edited(2, "two", edited(1, "one")));
    await repository.git("-C", worktree, "-c", "user.name=Bob", "commit", "--quiet", "-am", "By Bob");
    const moved = await repository.commit("meanwhile", { "a.txt": edited(9, "nine") });
    const { commit } = await accept(tasks, "t", { method: "rebase" });
    assert.equal(
      await repository.git("log", "--format=%an %s", `${moved}..${commit}`),
      "Bob By Bob\nAnn Do t",
    );
    assert.equal(await repository.read("a.txt"), edited(9, "nine", edited(2, "two", edited(1, "one"))));
    assert.equal(await repository.git("status", "--short"), "");
  });
});

Deno.test("accept: what conflicts is refused with the files, by each method", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    await tasks.add("t", { "a.txt": edited(1, "one"), "b.txt": "theirs\n" });
    await tasks.repository.commit("meanwhile", { "a.txt": edited(1, "eins"), "b.txt": "mine\n" });
    for (const method of ["squash", "merge", "rebase"]) {
      await refused(tasks, () => accept(tasks, "t", { method }), "CHANGES_CONFLICT", {
        reason: "conflict",
        files: ["a.txt", "b.txt"],
      });
    }
  });
});

Deno.test("accept: uncommitted work in the same files is refused", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    await tasks.add("t", { "a.txt": edited(1, "one"), "x.log.txt": "x\n" });
    await tasks.repository.write({ "a.txt": "mine\n" });
    const uncommitted = { reason: "uncommitted", files: ["a.txt"] };
    await refused(tasks, () => accept(tasks, "t"), "CHANGES_CONFLICT", uncommitted);
    await tasks.repository.git("stash", "--quiet");
    await accept(tasks, "t");
    assert.equal(await tasks.repository.git("stash", "list", "--format=%gd"), "stash@{0}");
  });
});

Deno.test("accept: what a person changed in the worktree after the turn goes along", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    await tasks.add("t", { "a.txt": edited(1, "one") });
    await Deno.writeTextFile(`${tasks.root("t")}/by_hand.txt`, "by hand\n");
    await accept(tasks, "t");
    assert.equal(await tasks.repository.read("by_hand.txt"), "by hand\n");
  });
});

Deno.test("accept, discard: a task's branch that somebody has checked out stays, with all else", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository } = tasks;
    await tasks.add("t", { "new.txt": "new\n" });
    await repository.git("-C", tasks.root("t"), "checkout", "--quiet", "--detach");
    await repository.git("checkout", "--quiet", "opencode-agents/t");
    for (const end of [() => accept(tasks, "t"), () => tasks.discarding.discard("t", OWNER)]) {
      await refused(tasks, end, "CHANGES_CONFLICT", { reason: "uncommitted" });
    }
    await repository.git("checkout", "--quiet", "main");
    await accept(tasks, "t");
    await isGone(tasks, "t");
  });
});

Deno.test("accept: nothing is written to a folder that an agent has made the repository's by configuration", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository } = tasks;
    await tasks.add("t", { "new.txt": "new\n" });
    const other = `${repository.path}-other`;
    await Deno.mkdir(other);
    await repository.git("config", "core.worktree", other);
    await refused(tasks, () => accept(tasks, "t"), "CHANGES_CONFLICT", { reason: "uncommitted" });
    assert.deepEqual([...Deno.readDirSync(other)], []);
    await repository.git("config", "--unset", "core.worktree");
    await repository.git("config", "core.bare", "true");
    await accept(tasks, "t");
    assert.equal(await repository.read("new.txt"), "new\n");
  });
});

Deno.test("accept: what fails in the middle is undone while the server runs, and may then be tried again", async () => {
  let isFull = true;
  await withEndedTasks(FILES, async (tasks, base) => {
    const { repository, landing } = tasks;
    await tasks.add("t", { "new.txt": "new\n" });
    const land = landing.land.bind(landing);
    landing.land = async (order, id, begin) =>
      await land(order, id, async (trees) => {
        await begin(trees);
        if (isFull) throw new Error("No space left on device");
      });
    await assert.rejects(accept(tasks, "t"), /No space left/);
    isFull = false;
    await until(() => tasks.state("t").ending === undefined);
    assert.equal(await repository.git("rev-parse", "main"), base);
    await accept(tasks, "t");
    assert.equal(await repository.read("new.txt"), "new\n");
  });
});

Deno.test("accept: the locks of a git that was killed in the middle stay, and all are named with what to do", async () => {
  await withEndedTasks(FILES, async ({ landing, repository }, base) => {
    const work = await repository.branchOff("work", base, { "new.txt": "new\n" });
    const kept_as = "refs/opencode-agents/accepted/t";
    const intent = {
      kind: "accept" as const,
      common_dir: repository.git_dir,
      method: "squash" as const,
      include_dependencies: false,
      into: "main",
      from: base,
      to: work,
      trees: [{ path: repository.path, git_dir: repository.git_dir }],
      brought: [{ task_id: "t", head: work, kept_as }],
    };
    const names = ["index.lock", "HEAD.lock", "refs/heads/main.lock", `${kept_as}.lock`];
    const locks = names.map((name) => `${repository.git_dir}/${name}`);
    await Deno.mkdir(`${repository.git_dir}/refs/opencode-agents/accepted`, { recursive: true });
    for (const lock of locks) await Deno.writeTextFile(lock, "");
    await assert.rejects(landing.settle(intent), (error: ApiError) => {
      assert.deepEqual(error.details.locks, locks);
      assert.match(error.message, /rm '.*index\.lock' '.*HEAD\.lock' '.*main\.lock' '.*accepted\/t\.lock'$/);
      return true;
    });
    for (const lock of locks) await Deno.remove(lock);
    assert.equal(await landing.settle(intent), "undone");
  });
});

Deno.test("accept: who is refused, by field", async () => {
  await withEndedTasks(FILES, async (tasks, base) => {
    const { repository } = tasks;
    await tasks.add("running", { "r.txt": "r\n" }, { state: { status: "running" } });
    await tasks.add("unchanged", {});
    await tasks.add("folder", { "f.txt": "f\n" }, {
      state: { workspace: { kind: "folder", path: repository.path } },
    });
    await tasks.add("plain", { "p.txt": "p\n" }, { state: { workspace: undefined } });
    await tasks.add("detached", { "d.txt": "d\n" }, { base });
    const field = (field: string, more: object = {}) => ({ field, ...more });
    const by = "INVALID_FIELD_VALUE";
    await refused(tasks, () => accept(tasks, "running"), by, field("task_id", { current_status: "running" }));
    for (const id of ["unchanged", "folder", "plain"]) {
      await refused(tasks, () => accept(tasks, id), by, field("task_id", { current_status: "completed" }));
      await refused(tasks, () => tasks.discarding.discard(id, OWNER), by, field("task_id"));
    }
    // Its worktree went at once.
    await tasks.add("gone", {}, {
      state: { workspace: { kind: "worktree", path: "/gone", base_commit: base, head_commit: base } },
    });
    await assert.rejects(accept(tasks, "gone"), /it has changed nothing$/);
    await refused(tasks, () => accept(tasks, "none"), "TASK_NOT_FOUND", {});
    await refused(tasks, () => accept(tasks, "detached"), by, field("into"));
    for (const into of ["nowhere", "opencode-agents/detached", base, "HEAD", "--all", "a b"]) {
      await refused(tasks, () => accept(tasks, "detached", { into }), by, field("into"));
    }
    assert.equal((await accept(tasks, "detached", { into: "main" })).into, "main");
  });
});

Deno.test("accept: a branch that is checked out nowhere takes the work, and no working tree changes", async () => {
  await withEndedTasks(FILES, async (tasks, base) => {
    const { repository } = tasks;
    await repository.git("branch", "release");
    await tasks.add("t", { "a.txt": edited(1, "one") });
    const { commit } = await accept(tasks, "t", { into: "release" });
    assert.equal(await repository.git("rev-parse", "release"), commit);
    assert.equal(await repository.git("rev-parse", "main"), base);
    assert.equal(await repository.read("a.txt"), FILES["a.txt"]);
  });
});

Deno.test("accept: work that the branch has already needs no commit", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository } = tasks;
    await tasks.add("t", { "a.txt": edited(1, "one") });
    await repository.git("merge", "--quiet", "--squash", "opencode-agents/t");
    await repository.git("commit", "--quiet", "-m", "by hand");
    const { commit } = await accept(tasks, "t");
    assert.equal(commit, await repository.git("rev-parse", "main"));
    assert.equal(await repository.git("log", "-1", "--format=%s", commit), "by hand");
    await isGone(tasks, "t");
  });
});

Deno.test("accept: commits that change nothing in the end are accepted by each method", async () => {
  for (const method of ["squash", "merge", "rebase"]) {
    await withEndedTasks(FILES, async (tasks, base) => {
      await tasks.add("t", {});
      for (const text of ["a note", "another"]) {
        await tasks.repository.git("-C", tasks.root("t"), "commit", "--quiet", "--allow-empty", "-m", text);
      }
      const { commit } = await accept(tasks, "t", { method });
      assert.equal(commit === base, method === "squash");
      assert.equal(tasks.state("t").review, "accepted");
      await isGone(tasks, "t");
    });
  }
});

Deno.test("accept: several at once, in one repository, follow each other; one task twice is accepted once", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    for (const n of [1, 3, 5, 7, 9]) await tasks.add(`t${n}`, { "a.txt": edited(n, `by ${n}`) });
    const ends = await Promise.allSettled([1, 3, 5, 7, 9, 9].map((n) => accept(tasks, `t${n}`)));
    assert.deepEqual(ends.map(({ status }) => status), [...Array(5).fill("fulfilled"), "rejected"]);
    assert.equal(await tasks.repository.read("a.txt"), "by 1\n2\nby 3\n4\nby 5\n6\nby 7\n8\nby 9\n");
    assert.equal(await tasks.repository.git("status", "--short"), "");
    assert.equal(await tasks.repository.git("rev-list", "--count", "main"), "6");
  });
});

Deno.test("accept: a task that carries unaccepted work needs to be told so; both become accepted", async () => {
  await withEndedTasks(FILES, async (tasks) => {
    const { repository } = tasks;
    await tasks.add("first", { "a.txt": edited(1, "one") });
    await tasks.add("second", { "a.txt": edited(2, "two", edited(1, "one")) }, {
      base: "opencode-agents/first",
      spec: { dependencies: ["first"] },
    });
    const into = { into: "main" };
    const details = { reason: "dependencies", task_ids: ["first"] };
    await refused(tasks, () => accept(tasks, "second", into), "CHANGES_CONFLICT", details);
    // Whoever does not see the first task learns nothing of it.
    for (const include_dependencies of [false, true]) {
      const request = { task_id: "second", ...into, include_dependencies };
      const hiding = () => tasks.acceptance.accept(request, OWNER, (id) => id !== "first");
      await refused(tasks, hiding, "PERMISSION_DENIED", { task_ids: undefined, task_id: "second" });
    }
    await accept(tasks, "second", { ...into, include_dependencies: true });
    assert.equal(await repository.read("a.txt"), edited(2, "two", edited(1, "one")));
    assert.deepEqual([tasks.state("first").review, tasks.state("second").review], ["accepted", "accepted"]);
    await isGone(tasks, "first");
    assert.equal(
      await repository.git("for-each-ref", "--format=%(refname)", "refs/opencode-agents"),
      [
        "refs/opencode-agents/accepted/first",
        "refs/opencode-agents/accepted/second",
      ].join("\n"),
    );
  });
});

Deno.test("accept: a dependency that was accepted as one commit counts by its own head", async () => {
  for (const method of ["squash", "merge", "rebase"]) {
    await withEndedTasks(FILES, async (tasks) => {
      await tasks.add("first", { "a.txt": edited(1, "one") });
      await tasks.add("second", { "a.txt": edited(1, "uno") }, {
        base: "opencode-agents/first",
        spec: { dependencies: ["first"] },
      });
      await accept(tasks, "first");
      await accept(tasks, "second", { into: "main", method });
      assert.equal(await tasks.repository.read("a.txt"), edited(1, "uno"));
    });
  }
});

Deno.test("discard: the worktree and its branch are gone, the commits are kept, and no earlier ones are overwritten", async () => {
  await withEndedTasks(FILES, async (tasks, base) => {
    const { repository } = tasks;
    await repository.git("update-ref", "refs/opencode-agents/discarded/t", base);
    await tasks.add("t", { "a.txt": edited(1, "one") });
    await Deno.writeTextFile(`${tasks.root("t")}/by_hand.txt`, "by hand\n");
    const { kept_as } = await tasks.discarding.discard("t", OWNER);
    assert.equal(kept_as, "refs/opencode-agents/discarded/t-2");
    assert.equal(await repository.git("show", `${kept_as}:by_hand.txt`), "by hand");
    assert.equal(await repository.git("rev-parse", "refs/opencode-agents/discarded/t"), base);
    await isGone(tasks, "t");
    assert.equal(tasks.state("t").review, "discarded");
    assert.equal(await repository.git("rev-parse", "main"), base);
    await refused(tasks, () => accept(tasks, "t"), "INVALID_FIELD_VALUE", { field: "task_id" });
  });
});

Deno.test("accept: failed checks of the merged result are refused, and asked only if the branch has moved", async () => {
  const asked: string[] = [];
  const check = (_task: unknown, commit: string) => {
    asked.push(commit);
    return Promise.resolve({ message: "Check 'make test' failed", checks: [] });
  };
  await withEndedTasks(FILES, async (tasks) => {
    await tasks.add("t", { "a.txt": edited(1, "one") });
    await tasks.add("u", { "a.txt": edited(5, "five") });
    await accept(tasks, "t");
    assert.equal(asked.length, 0);
    await refused(tasks, () => accept(tasks, "u"), "CHANGES_CONFLICT", { reason: "checks", files: [] });
    assert.equal(
      await tasks.repository.git("show", `${asked[0]}:a.txt`),
      edited(5, "five", edited(1, "one")).trimEnd(),
    );
  }, { check });
});

Deno.test("accept: commits of the base's upstream that it lacks come as they are, and are not in the task's", async () => {
  for (const method of ["squash", "merge", "rebase"] as const) {
    for (const isDiverged of [false, true]) {
      await withEndedTasks(FILES, async (tasks) => {
        const { repository, acceptance, store } = tasks;
        const upstream = await repository.branchOff("fetched", "main", { "upstream.txt": "theirs\n" });
        await tasks.add("t", { "own.txt": "own\n" }, { base: "fetched" });
        await store.tasks.update((view) => {
          const { state } = view.get("t")!;
          const workspace = { ...state.workspace!, base: "main", upstream };
          return { updates: [{ id: "t", state: { ...state, workspace } }] };
        }, OWNER);
        const before = isDiverged
          ? await repository.commit("mine", { "mine.txt": "mine\n" })
          : await repository.git("rev-parse", "main");
        const { commit } = await acceptance.accept({ task_id: "t", method }, OWNER);
        assert.equal(await repository.git("rev-parse", "main"), commit);
        assert.equal(await repository.git("diff", "--name-only", `${commit}^1`, commit), "own.txt");
        for (const one of [before, upstream]) {
          await repository.git("merge-base", "--is-ancestor", one, `${commit}^1`);
        }
        if (!isDiverged) assert.equal(await repository.git("rev-parse", `${commit}^1`), upstream);
        assert.equal(await repository.read("upstream.txt"), "theirs\n");
      });
    }
  }
});
