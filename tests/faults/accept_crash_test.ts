/**
 * A process that brings the base into tasks, and accepts and discards changes, is killed (SIGKILL) at random steps, again and again. After each restart
 * nothing is half done: the branch agrees with its working tree, the user's uncommitted work is there, and each task is accepted
 * or discarded, once. What was acknowledged holds. `CRASH_ROUNDS` sets the number of rounds.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { openStore } from "../../src/store/open.ts";
import { EndedTasks } from "../fixtures/ended_tasks.ts";
import { withRepository } from "../fixtures/pictured_repository.ts";
import { sizeOf } from "../fixtures/tier.ts";

const WORKER = new URL("accept_crash_worker.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const TASKS = 6;
/** How often git is run while the work of these tasks moves. */
const STEPS_MAX = 70;

const LINES = Array.from({ length: 2 * TASKS }, (_, n) => `line ${n}\n`).join("");

/** The text with another line in the task's place. */
function withLine(text: string, n: number, line: string): string {
  return text.split("\n").map((one, at) => at === 2 * n ? line : one).join("\n");
}

/** Returns what it told, and how the tasks were when it was ready. `steps`: how often it runs git then; 0: to its end. */
async function work(folder: string, project: string, ids: string[], steps = 0) {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "-A",
      "--unstable-kv",
      "--no-check",
      "--config",
      CONFIG,
      WORKER,
      folder,
      project,
      `${steps}`,
      ...ids,
    ],
    stderr: "inherit",
  }).output();
  const told = new TextDecoder().decode(stdout).split("\n").slice(0, -1);
  const at = told.indexOf("ready");
  assert.ok(at >= 0, `it did not get ready: ${told}`);
  const before = new Map(told.slice(0, at).map((line) => line.split(" ") as [string, string]));
  return { told, reviews: before, interrupted: Number(before.get("open")) };
}

Deno.test("accept: killed at any moment, it is finished or undone", async () => {
  await withRepository({ "a.txt": LINES, "mine.txt": "theirs\n" }, async (repository) => {
    const folder = `${repository.room}-store`;
    await Deno.mkdir(folder);
    let interrupted = 0;
    for (let round = 0; round < sizeOf("CRASH_ROUNDS"); round++) {
      const ids = Array.from({ length: TASKS }, (_, n) => `${n % 4 === 3 ? "d" : "a"}${n}r${round}`);
      const store = await openStore({ folder, clock: systemClock });
      const tasks = new EndedTasks(repository, store);
      for (const [n, id] of ids.entries()) {
        const text = withLine(`${await repository.git("show", "main:a.txt")}\n`, n, `by ${id}`);
        await tasks.add(id, { "a.txt": text, [`${id}.txt`]: `${id}\n` });
      }
      await store.close();
      await repository.write({ "mine.txt": `mine ${round}\n`, [`loose ${round}.txt`]: "loose\n" });
      const killed = await work(folder, repository.path, ids, 1 + Math.floor(Math.random() * STEPS_MAX));
      const { reviews, interrupted: here } = await work(folder, repository.path, ids);
      interrupted += here;
      for (const line of killed.told) {
        const [, id] = /^done (.*)$/.exec(line) ?? [];
        if (id !== undefined) assert.notEqual(reviews.get(id), "to_review", `${id} was acknowledged`);
      }
      const content = await repository.git("show", "main:a.txt");
      for (const id of ids) {
        const isAccepted = id.startsWith("a");
        assert.equal(content.includes(`by ${id}\n`), isAccepted, id);
        const kept = await repository.git(
          "for-each-ref",
          "--format=%(refname)",
          `refs/opencode-agents/*/${id}*`,
        );
        assert.equal(kept, `refs/opencode-agents/${isAccepted ? "accepted" : "discarded"}/${id}`);
      }
      assert.equal(await repository.git("branch", "--list", "opencode-agents/*"), "");
      assert.equal((await repository.git("worktree", "list")).split("\n").length, 1);
      // The index and the files agree with the branch, but for the user's own work.
      const status = (await repository.git("status", "--short", "--untracked-files=all")).split("\n");
      assert.deepEqual(status.filter((line) => !line.startsWith('?? "loose')), [" M mine.txt"]);
      assert.equal(await repository.read("mine.txt"), `mine ${round}\n`);
      assert.equal(await repository.git("fsck", "--connectivity-only", "--no-dangling"), "");
    }
    assert.ok(interrupted > 0, "nothing was interrupted");
  });
});
