/** What tasks' changes are, and what accepting them brings, after their base has moved, been brought in or been rewritten. */
import assert from "node:assert/strict";
import { git, Repository } from "../fixtures/repository.ts";
import { CONFIG, type Fields, inRepository, type World } from "../fixtures/worktree_world.ts";
import { until } from "../fixtures/until.ts";

const paths = async (world: World, task_id: string, more: Fields = {}) => {
  const { files } = await world.ask({ type: "get_task_changes", task_id, ...more });
  return (files as { path: string }[]).map(({ path }) => path);
};

const update = async (world: World, task_id: string, more: Fields = {}) => {
  const reply = await world.ask({ type: "update_workspace", task_id, ...more });
  assert.equal(reply.type, "workspace_updated", JSON.stringify(reply));
  assert.deepEqual(reply.conflicts, []);
};

const paths_of = (world: World, ...range: string[]) =>
  world.repository.git("diff", "--name-only", ...range).then((text) => text.split("\n"));

for (const method of ["rebase", "merge"] as const) {
  Deno.test(
    `moved base: ${method} leaves a dependent's changes its own, and what it carries is still known`,
    inRepository(async (world) => {
      await world.start("a", "write a.txt a");
      await world.start("b", "write b.txt b", ["a"]);
      await world.until("b", "completed");
      await world.repository.commit("meanwhile", { "main.txt": "main\n" });
      await update(world, "b", { method });
      assert.deepEqual(await paths(world, "b"), ["b.txt"]);
      const commits = method === "merge" ? 2 : 1;
      assert.deepEqual((await world.task("b")).changes, { files: 1, additions: 1, deletions: 0, commits });
      const { head_commit } = await world.workspace("b");
      assert.deepEqual(await world.files(head_commit), [
        ".gitignore",
        "a.txt",
        "b.txt",
        "file.txt",
        "main.txt",
      ]);
      // It has the base now, so there is nothing more to bring in.
      await update(world, "b", { method });
      assert.equal((await world.workspace("b")).head_commit, head_commit);
      const refused = await world.accept("b");
      assert.deepEqual((refused.details as Fields).task_ids, ["a"], JSON.stringify(refused));
      await world.accept("a");
      // The base has the work of the other one now.
      await update(world, "b", { method });
      assert.deepEqual(await paths(world, "b"), ["b.txt"]);
      assert.equal((await world.accept("b")).type, "changes_accepted");
      assert.deepEqual(await paths_of(world, "main^1", "main"), ["b.txt"]);
    }),
  );

  Deno.test(
    `moved base: after ${method}, what came since the last turn and the last review is the task's alone`,
    inRepository(async (world) => {
      await world.start("t", "write t.txt one; say done", [], { agent: "talks" });
      await world.until("t", "completed");
      const review = { type: "review_task", task_id: "t", verdict: "request_changes" };
      await world.ask({ ...review, message: "write second.txt two" });
      await until(async () =>
        (await world.task("t")).turn === 2 && (await world.task("t")).status === "completed"
      );
      await world.repository.commit("meanwhile", { "main.txt": "main\n" });
      await update(world, "t", { method });
      for (const since of ["last_turn", "last_review"]) {
        assert.deepEqual(await paths(world, "t", { since }), ["second.txt"], since);
      }
      assert.deepEqual(await paths(world, "t"), ["second.txt", "t.txt"]);
    }),
  );
}

/** The remote's branch has a commit that the local one, which is checked out, lacks. */
async function behindItsUpstream(world: World): Promise<string> {
  const path = `${world.app.dir}/data/origin`;
  const { repository } = world;
  await repository.git("clone", "--quiet", repository.path, path);
  const origin = new Repository(path);
  await git(path, "config", "user.name", "Ann");
  await git(path, "config", "user.email", "ann@example.invalid");
  const upstream = await origin.commit("theirs", { "theirs.txt": "theirs\n" });
  await repository.git("remote", "add", "origin", path);
  await repository.git("config", "branch.main.remote", "origin");
  await repository.git("config", "branch.main.merge", "refs/heads/main");
  await world.app.restart({ ...CONFIG, projects: { own: { path: ".", fetch: "auto" } } });
  return upstream;
}

Deno.test(
  "moved base: commits of the upstream that the base lacks are neither the task's nor a dependent's",
  inRepository(async (world) => {
    const upstream = await behindItsUpstream(world);
    await world.start("a", "write a.txt a");
    await world.start("b", "write b.txt b", ["a"]);
    await world.until("b", "completed");
    const standing = async (task_id: string) => {
      const { ahead, behind, conflicts } = await world.ask({ type: "get_task_changes", task_id });
      return [ahead, behind, conflicts];
    };
    assert.deepEqual(await standing("a"), [1, 0, []]);
    assert.deepEqual(await standing("b"), [2, 0, []]);
    // The base is older than what the task began from: nothing is brought in.
    await update(world, "a");
    assert.deepEqual(await paths(world, "a"), ["a.txt"]);
    const reply = await world.accept("b", { include_dependencies: true });
    assert.equal(reply.type, "changes_accepted", JSON.stringify(reply));
    assert.deepEqual(await paths_of(world, "main^1", "main"), ["a.txt", "b.txt"]);
    assert.equal(await world.repository.git("rev-parse", "main^1"), upstream);
  }),
);

for (const method of ["squash", "rebase"] as const) {
  Deno.test(
    `moved base: ${method} brings no commit back that was taken out of the base by force`,
    inRepository(async (world) => {
      const { repository } = world;
      await repository.commit("a secret", { "secret.txt": "secret\n", "file.txt": "one\ntwo\n" });
      await world.start("t", "write t.txt t");
      await world.start("u", "write file.txt uno");
      for (const id of ["t", "u"]) await world.until(id, "completed");
      await repository.git("reset", "--quiet", "--hard", "HEAD~1");
      await repository.commit("instead", { "file.txt": "one\nzwei\n" });
      const { ahead, conflicts } = await world.ask({ type: "get_task_changes", task_id: "t" });
      assert.deepEqual([ahead, conflicts], [1, []]);
      const other = await world.ask({ type: "get_task_changes", task_id: "u" });
      assert.deepEqual(other.conflicts, ["file.txt"]);
      const refused = await world.accept("u", { method });
      assert.deepEqual((refused.details as Fields).files, ["file.txt"]);
      assert.equal((await world.accept("t", { method })).type, "changes_accepted");
      assert.deepEqual(await paths_of(world, "main^1", "main"), ["t.txt"]);
      assert.deepEqual(await world.files("main"), [".gitignore", "file.txt", "t.txt"]);
    }),
  );
}

for (const method of ["rebase", "merge"] as const) {
  Deno.test(
    `moved base: ${method} onto a base that was rewritten by force leaves what was taken out of it behind`,
    inRepository(async (world) => {
      const { repository } = world;
      await repository.commit("a secret", { "secret.txt": "secret\n" });
      await world.start("t", "write t.txt t");
      await world.until("t", "completed");
      await repository.git("reset", "--quiet", "--hard", "HEAD~1");
      await repository.commit("instead", { "main.txt": "main\n" });
      await update(world, "t", { method });
      assert.deepEqual(await paths(world, "t"), ["t.txt"]);
      await world.accept("t");
      assert.deepEqual(await world.files("main"), [".gitignore", "file.txt", "main.txt", "t.txt"]);
    }),
  );
}

Deno.test(
  "moved base: work goes into another branch alone, without what its base has besides",
  inRepository(async (world) => {
    await world.repository.git("branch", "release");
    await world.repository.commit("of main", { "main.txt": "main\n" });
    await world.start("t", "write t.txt t");
    await world.until("t", "completed");
    assert.equal((await world.accept("t", { into: "release" })).type, "changes_accepted");
    assert.deepEqual(await world.files("release"), [".gitignore", "file.txt", "t.txt"]);
  }),
);

Deno.test(
  "moved base: conflicts that the agent leaves need a person, until none of their marks is left",
  inRepository(async (world) => {
    await world.start("t", "write file.txt mine; say done", [], { agent: "talks" });
    await world.until("t", "completed");
    await world.repository.commit("meanwhile", { "file.txt": "theirs\n" });
    const { conflicts } = await world.ask({ type: "update_workspace", task_id: "t", resolve: "agent" });
    assert.deepEqual(conflicts, ["file.txt"]);
    // The scripted agent does not understand that message, and leaves the marks.
    const ended = async (attempt: number) => {
      await until(async () => {
        const { attempt: last, status } = await world.task("t");
        return last === attempt && status === "failed";
      });
      const { tasks } = await world.ask({ type: "list_tasks", filter: { needs: "conflict" } });
      return [(await world.task("t")).unresolved, (tasks as Fields[]).map(({ id }) => id)];
    };
    assert.deepEqual(await ended(2), [["file.txt"], ["t"]]);
    await Deno.writeTextFile(`${(await world.workspace("t")).path}/file.txt`, "both\n");
    await world.ask({ type: "retry_task", task_id: "t" });
    assert.deepEqual(await ended(3), [undefined, []]);
  }),
);

Deno.test(
  "moved base: conflicts that a person resolves in the worktree are resolved when the work is saved",
  inRepository(async (world) => {
    await world.start("t", "write file.txt mine; say done", [], { agent: "talks" });
    await world.until("t", "completed");
    await world.repository.commit("meanwhile", { "file.txt": "theirs\n" });
    await world.ask({ type: "update_workspace", task_id: "t", resolve: "agent" });
    await until(async () =>
      (await world.task("t")).turn === 2 && (await world.task("t")).status !== "running"
    );
    const { path } = await world.workspace("t");
    await Deno.writeTextFile(`${path}/file.txt`, "both\n");
    assert.equal((await world.accept("t")).type, "changes_accepted");
    assert.equal(await world.repository.git("show", "main:file.txt"), "both");
  }),
);

Deno.test(
  "git's folder elsewhere: the working tree follows all the same, also for a linked one",
  inRepository(async (world) => {
    const { repository } = world;
    const elsewhere = `${world.app.dir}/data/elsewhere.git`;
    await repository.git("init", "--quiet", "--separate-git-dir", elsewhere);
    await world.start("t", "write t.txt t");
    await world.until("t", "completed");
    assert.equal((await world.accept("t")).type, "changes_accepted");
    assert.equal(await repository.git("status", "--short"), "");
    assert.equal(await Deno.readTextFile(`${repository.path}/t.txt`), "t\n");
    // From a linked working tree nobody knows where the files of the main one are.
    const linked = `${world.app.dir}/data/linked`;
    await repository.git("worktree", "add", "--quiet", "-b", "side", linked);
    await world.start("u", "write u.txt u", [], { working_dir: linked });
    await world.until("u", "completed");
    const refused = await world.accept("u", { into: "main" });
    assert.deepEqual([refused.code, (refused.details as Fields).reason], ["CHANGES_CONFLICT", "uncommitted"]);
    assert.equal(await repository.git("status", "--short"), "");
    assert.equal((await world.accept("u")).type, "changes_accepted");
    assert.equal(await git(linked, "status", "--short"), "");
    assert.equal(await Deno.readTextFile(`${linked}/u.txt`), "u\n");
  }),
);

Deno.test(
  "a bare repository: the linked working tree that has the branch checked out follows",
  inRepository(async (world) => {
    const bare = `${world.app.dir}/data/bare.git`;
    const linked = `${world.app.dir}/data/linked`;
    await world.repository.git("clone", "--quiet", "--bare", world.repository.path, bare);
    await git(bare, "worktree", "add", "--quiet", linked, "main");
    for (const id of ["t", "u"]) await world.start(id, `write ${id}.txt ${id}`, [], { working_dir: linked });
    for (const id of ["t", "u"]) await world.until(id, "completed");
    const accepted = await Promise.all(["t", "u"].map((id) => world.accept(id)));
    assert.deepEqual(accepted.map(({ type }) => type), ["changes_accepted", "changes_accepted"]);
    assert.equal(await git(linked, "status", "--short"), "");
    assert.equal(await git(linked, "ls-files"), ".gitignore\nfile.txt\nt.txt\nu.txt");
  }),
);

Deno.test(
  "a sparse checkout: files outside of it are accepted, and do not appear in it",
  inRepository(async (world) => {
    const { repository } = world;
    await repository.commit("folders", { "in/a.txt": "a\n", "out/b.txt": "b\n" });
    await repository.git("sparse-checkout", "set", "in");
    await world.start("t", "write in/a.txt new; write top.txt t");
    await world.until("t", "completed");
    const { path } = await world.workspace("t");
    await Deno.mkdir(`${path}/out`, { recursive: true });
    await Deno.writeTextFile(`${path}/out/c.txt`, "by hand\n");
    assert.equal((await world.accept("t")).type, "changes_accepted");
    assert.equal(await repository.git("show", "main:out/c.txt"), "by hand");
    assert.equal(await repository.git("show", "main:out/b.txt"), "b");
    assert.equal(await repository.git("status", "--short"), "");
    assert.equal(await Deno.readTextFile(`${repository.path}/in/a.txt`), "new\n");
  }),
);
