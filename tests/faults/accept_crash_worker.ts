/**
 * A process that brings the base into tasks, accepts and discards their changes, and says what was acknowledged. At first it finishes what an
 * earlier one has begun. It kills itself when it runs git for the `steps`th time while something is
 * under way, before git has begun or a moment later.
 */
import { systemClock } from "../../src/clock/clock.ts";
import type { OwnWorktree } from "../../src/domain/accepting.ts";
import { OWNER } from "../../src/domain/actor.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { openStore } from "../../src/store/open.ts";
import { EndedTasks } from "../fixtures/ended_tasks.ts";
import { type Git } from "../../src/workspaces/git.ts";
import { gitLanding } from "../../src/workspaces/landing.ts";
import { PicturedRepository, serverGit } from "../fixtures/pictured_repository.ts";

const [folder, project, steps, ...ids] = Deno.args as [string, string, string, ...string[]];
const store = await openStore({ folder, clock: systemClock });
const repository = new PicturedRepository(project);
let left = 0;

/** Counts what git is asked for. */
const countingGit: Git = Object.fromEntries(
  (["run", "text", "line", "fields"] as const).map((name) => [name, (...call: Parameters<Git["run"]>) => {
    const isLast = isUnderWay() && --left === 0;
    if (isLast && Math.random() < 0.5) die();
    const answer = serverGit[name](...call);
    if (isLast) systemClock.after(Math.random() * 10, die);
    return answer;
  }]),
) as unknown as Git;
const tasks = new EndedTasks(repository, store, { landing: gitLanding(countingGit, repository.room) });

function isUnderWay(): boolean {
  return [...store.tasks.values()].some(({ state }) => state.ending !== undefined);
}

function die(): void {
  Deno.kill(Deno.pid, "SIGKILL");
}

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

const METHODS = ["squash", "merge", "rebase"] as const;

const interrupted = [...store.tasks.values()].filter(({ state }) => state.ending !== undefined).length;
await tasks.endings.start();
while ([...store.tasks.values()].some(({ state }) => state.ending !== undefined)) {
  await new Promise((resolve) => systemClock.after(50, () => resolve(undefined)));
}
tasks.endings.stop();
say(`open ${interrupted}`);
for (const { id, state } of store.tasks.values()) say(`${id} ${state.review}`);
say("ready");
left = Number(steps);

await Promise.all(ids.map(async (task_id) => {
  try {
    const [kind, number] = task_id;
    if (Number(number) % 2 === 0) {
      const method = Math.random() < .5 ? "rebase" : "merge";
      await tasks.update.update({ task_id, method }, OWNER);
      const { state: { workspace } } = store.tasks.get(task_id)!;
      if (await tasks.landing.headOf(workspace as OwnWorktree) !== workspace?.head_commit) {
        throw new Error(`${task_id} was updated by half`);
      }
    }
    if (kind === "d") await tasks.discarding.discard(task_id, OWNER);
    else await tasks.acceptance.accept({ task_id, method: METHODS[Number(task_id.slice(1)) % 3] }, OWNER);
    say(`done ${task_id}`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "INVALID_FIELD_VALUE") throw error;
  }
}));
await store.close();
say("end");
