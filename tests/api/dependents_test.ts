/** Tasks in worktrees that depend on others: what they start from, what they are told, and what becomes of them. */
import assert from "node:assert/strict";
import { git, Repository } from "../fixtures/repository.ts";
import { until } from "../fixtures/until.ts";
import { type Fields, inRepository } from "../fixtures/worktree_world.ts";

Deno.test(
  "dependents: one starts from the work of what it depends on, and its changes are its own",
  inRepository(async (world) => {
    await world.start("a", "write a.txt a");
    await world.start("b", "write b.txt b", ["a"]);
    const { changes, review } = await world.until("b", "completed");
    const [a, b] = [await world.workspace("a"), await world.workspace("b")];
    assert.deepEqual([b.base_commit, b.base], [a.head_commit, "main"]);
    assert.deepEqual([changes, review], [{ files: 1, additions: 1, deletions: 0, commits: 1 }, "to_review"]);
    assert.deepEqual(await world.files(b.head_commit), [".gitignore", "a.txt", "b.txt", "file.txt"]);
    const { files, base_commit } = await world.ask({ type: "get_task_changes", task_id: "b" });
    assert.deepEqual((files as { path: string }[]).map(({ path }) => path), ["b.txt"]);
    assert.equal(base_commit, a.head_commit);
  }),
);

Deno.test(
  "dependents: the work of several is merged in the order of the list",
  inRepository(async (world) => {
    for (const id of ["a", "b", "c"]) await world.start(id, `write ${id}.txt ${id}`);
    await world.start("all", "write all.txt all", ["b", "a", "c"]);
    await world.until("all", "completed");
    const { base_commit, head_commit } = await world.workspace("all");
    const heads = [];
    for (const id of ["b", "a", "c"]) heads.push((await world.workspace(id)).head_commit);
    assert.equal(await world.repository.git("log", "-1", "--format=%P", base_commit), heads.join(" "));
    assert.deepEqual(await world.files(head_commit), [
      ".gitignore",
      "a.txt",
      "all.txt",
      "b.txt",
      "c.txt",
      "file.txt",
    ]);
    assert.equal((await world.task("all")).changes && ((await world.task("all")).changes as Fields).files, 1);
  }),
);

Deno.test(
  "dependents: work that another dependency has already is no parent of its own",
  inRepository(async (world) => {
    await world.start("a", "write a.txt a");
    await world.start("b", "write b.txt b", ["a"]);
    await world.start("c", "write c.txt c", ["a", "b"]);
    await world.until("c", "completed");
    assert.equal((await world.workspace("c")).base_commit, (await world.workspace("b")).head_commit);
  }),
);

Deno.test(
  "dependents: a conflict between dependencies fails the task, names the files, and leaves nothing",
  inRepository(async (world) => {
    await world.start("a", "write file.txt a");
    await world.start("b", "write file.txt b");
    await Promise.all([world.until("a", "completed"), world.until("b", "completed")]);
    const before = await world.repository.git("for-each-ref");
    await world.start("c", "write c.txt c", ["a", "b"]);
    const { failure, error, workspace } = await world.until("c", "failed");
    assert.equal((failure as Fields).kind, "conflict");
    assert.match(error as string, /file\.txt/);
    assert.equal(workspace, undefined);
    assert.equal(await world.repository.git("for-each-ref"), before);
    assert.equal((await world.repository.git("worktree", "list")).split("\n").length, 3);
    assert.equal(await world.repository.git("status", "--porcelain"), "");
  }),
);

Deno.test(
  "dependents: with inherit results or none, and in another repository, one starts from the base",
  inRepository(async (world) => {
    const other = await Repository.create(`${world.app.dir}/data/other`, { "file.txt": "other\n" });
    await world.start("a", "write a.txt a");
    for (const inherit of ["results", "none"]) {
      await world.start(inherit, "write b.txt b", ["a"], { inherit });
    }
    await world.start("elsewhere", "write b.txt b", ["a"], { working_dir: other.path });
    const main = await world.repository.git("rev-parse", "main");
    for (const id of ["results", "none"]) {
      await world.until(id, "completed");
      assert.equal((await world.workspace(id)).base_commit, main);
    }
    await world.until("elsewhere", "completed");
    assert.equal((await world.workspace("elsewhere")).base_commit, await other.git("rev-parse", "main"));
  }),
);

Deno.test(
  "dependents: the agent is told what the others answered and changed",
  inRepository(async (world) => {
    const long = "ä".repeat(1500);
    await world.start("a", `write a.txt a; say ${long}`);
    await world.start("b", "say done", ["a"], { agent: "talks" });
    await world.start("c", "say done", ["a"], { agent: "talks", inherit: "results", isolation: "none" });
    await world.start("d", "say done", ["a"], { agent: "talks", inherit: "none" });
    for (const id of ["b", "c", "d"]) await world.until(id, "completed");
    const told = (id: string) =>
      world.app.agents.runs.find(({ request }) => request.task.id === id)!.request.task.dependencies;
    assert.deepEqual(told("b"), [
      {
        task_id: "a",
        description: "Do a",
        answer: long,
        files: ["a.txt"],
        review: "to_review",
        isHere: true,
      },
    ]);
    assert.equal(told("c")![0]!.isHere, false);
    assert.equal(told("d"), undefined);
  }),
);

Deno.test(
  "dependents: after accepted, one waits until the changes are accepted, and fails when they are discarded",
  inRepository(async (world) => {
    for (const id of ["a", "b"]) await world.start(id, `write ${id}.txt ${id}`);
    await world.start("unchanged", "say nothing to do");
    for (const id of ["a", "b", "unchanged"]) {
      await world.start(`after_${id}`, "write after.txt after", [id], { after: "accepted" });
    }
    await world.until("after_unchanged", "completed");
    for (const id of ["a", "b"]) {
      await world.until(id, "completed");
      const { status, waiting_for } = await world.task(`after_${id}`);
      assert.deepEqual([status, waiting_for], ["pending", { kind: "dependency", task_ids: [id] }]);
    }
    const head = (await world.workspace("a")).head_commit;
    assert.equal((await world.accept("a")).type, "changes_accepted");
    await world.until("after_a", "completed");
    assert.equal((await world.workspace("after_a")).base_commit, head);
    assert.equal((await world.ask({ type: "discard_changes", task_id: "b" })).type, "changes_discarded");
    const { error, failure } = await world.until("after_b", "failed");
    assert.deepEqual([error, (failure as Fields).kind], [
      "Dependency 'b' failed: its changes were discarded",
      "dependency",
    ]);
    // Accepting what builds on accepted work brings only what is new.
    assert.equal((await world.accept("after_a")).type, "changes_accepted");
    assert.deepEqual(await world.files("main"), [".gitignore", "a.txt", "after.txt", "file.txt"]);
  }),
);

Deno.test(
  "dependents: one that was waiting for an acceptance when the server was stopped goes on after it",
  inRepository(async (world) => {
    await world.start("a", "write a.txt a");
    await world.start("b", "write b.txt b", ["a"], { after: "accepted" });
    await world.until("a", "completed");
    await world.app.restart();
    assert.equal((await world.task("b")).status, "pending");
    await world.accept("a");
    await world.until("b", "completed");
  }),
);

Deno.test(
  "dependents: one that has begun is stale when its dependency is sent back or discarded",
  inRepository(async (world) => {
    await world.start("a", "write a.txt a; say ready", [], { agent: "talks" });
    await world.start("d", "write d.txt d");
    await world.start("b", "write b.txt b", ["a"]);
    await world.start("c", "write c.txt c", ["d"]);
    await world.start("waits", "write w.txt w", ["a"], { after: "accepted" });
    for (const id of ["b", "c"]) assert.equal((await world.until(id, "completed")).stale, undefined);
    const asked = {
      type: "review_task",
      task_id: "a",
      verdict: "request_changes",
      message: "write a.txt better",
    };
    assert.equal((await world.ask(asked)).type, "task_reviewed");
    assert.equal((await world.task("b")).stale, true);
    await until(async () =>
      (await world.task("a")).turn === 2 && (await world.task("a")).status === "completed"
    );
    assert.deepEqual([(await world.task("b")).stale, (await world.task("waits")).stale], [true, undefined]);
    const { tasks } = await world.ask({ type: "list_tasks" });
    const stale = (tasks as Fields[]).filter(({ stale }) => stale).map(({ id }) => id);
    assert.deepEqual(stale, ["b"]);
    await world.ask({ type: "discard_changes", task_id: "d" });
    assert.equal((await world.task("c")).stale, true);
    await world.app.restart();
    assert.equal((await world.task("c")).stale, true);
  }),
);

Deno.test(
  "dependents: accepting one needs to be told to bring the others along; they become accepted",
  inRepository(async (world) => {
    for (const id of ["a", "b"]) await world.start(id, `write ${id}.txt ${id}`);
    await world.start("c", "write c.txt c", ["a", "b"]);
    await world.until("c", "completed");
    const refused = await world.accept("c");
    const { reason, task_ids } = refused.details as Fields;
    assert.deepEqual([refused.code, reason, task_ids], ["CHANGES_CONFLICT", "dependencies", ["a", "b"]]);
    assert.equal((await world.accept("c", { include_dependencies: true })).type, "changes_accepted");
    for (const id of ["a", "b", "c"]) assert.equal((await world.task(id)).review, "accepted");
    assert.deepEqual(await world.files("main"), [".gitignore", "a.txt", "b.txt", "c.txt", "file.txt"]);
    assert.equal(await world.repository.git("branch", "--format=%(refname:short)"), "main");
  }),
);

Deno.test(
  "dependents: what carries discarded work is not accepted unawares, and a new one starts without it",
  inRepository(async (world) => {
    await world.start("a", "write a.txt a");
    await world.start("b", "write b.txt b", ["a"]);
    await world.until("b", "completed");
    await world.ask({ type: "discard_changes", task_id: "a" });
    const refused = await world.accept("b");
    const { reason, task_ids } = refused.details as Fields;
    assert.deepEqual([refused.code, reason, task_ids], ["CHANGES_CONFLICT", "dependencies", ["a"]]);
    await world.start("late", "write late.txt late", ["a"]);
    await world.until("late", "completed");
    const late = await world.workspace("late");
    assert.equal(late.base_commit, await world.repository.git("rev-parse", "main"));
    assert.ok((await world.log("late")).some((line) => /'a': its changes have been discarded/.test(line)));
    assert.equal((await world.accept("b", { include_dependencies: true })).type, "changes_accepted");
    assert.equal((await world.task("a")).review, "discarded");
  }),
);

Deno.test(
  "dependents: commits that a person made on the branch of a dependency count",
  inRepository(async (world) => {
    for (const id of ["a", "b"]) await world.start(id, `write ${id}.txt ${id}`);
    await Promise.all([world.until("a", "completed"), world.until("b", "completed")]);
    const { path } = await world.workspace("a");
    await Deno.writeTextFile(`${path}/hand.txt`, "by hand\n");
    await git(path, "add", ".");
    await git(path, "-c", "user.name=A", "-c", "user.email=a@example.invalid", "commit", "-qm", "By hand");
    await world.start("c", "write c.txt c", ["a"]);
    await world.until("c", "completed");
    assert.ok((await world.files((await world.workspace("c")).base_commit)).includes("hand.txt"));
  }),
);
