/** How long it takes to accept a task's changes in a repository with many files, compared with plain git. */
import { OWNER } from "../../src/domain/actor.ts";
import { type EndedTasks, withEndedTasks } from "../fixtures/ended_tasks.ts";
import type { Figure } from "./figure.ts";

const FILES = 10_000;
const CHANGED = 100;
const ROUNDS = 5;
const GOAL_MS = 1000;

export async function accept(): Promise<Figure[]> {
  const files = Object.fromEntries(
    Array.from({ length: FILES }, (_, n) => [`folder ${n % 100}/file ${n}.txt`, `${n}\n`.repeat(20)]),
  );
  const ours: number[] = [];
  const plain: number[] = [];
  await withEndedTasks(files, async (tasks) => {
    for (let round = 0; round < ROUNDS; round++) {
      await add(tasks, `a${round}`, round);
      ours.push(await timed(async () => void await tasks.acceptance.accept({ task_id: `a${round}` }, OWNER)));
      await add(tasks, `g${round}`, round + ROUNDS);
      const { repository } = tasks;
      plain.push(
        await timed(async () => {
          await repository.git("merge", "--quiet", "--squash", `opencode-agents/g${round}`);
          await repository.git("commit", "--quiet", "-m", "by git");
          await repository.git("worktree", "remove", "--force", tasks.root(`g${round}`));
          await repository.git("branch", "--quiet", "-D", `opencode-agents/g${round}`);
        }),
      );
    }
  });
  const [a, b] = [median(ours), median(plain)];
  return [{
    what: `accept ${CHANGED} changed files in a repository of ${FILES}, working tree and worktree included`,
    measured: `${Math.round(a)} ms (${
      (a / b).toFixed(1)
    } × git's merge, commit, worktree remove, branch -D: ${Math.round(b)} ms)`,
    goal: `≤ ${GOAL_MS} ms`,
    met: a <= GOAL_MS,
  }];
}

async function add(tasks: EndedTasks, id: string, round: number): Promise<void> {
  const changed = Array.from({ length: CHANGED }, (_, n) => round * CHANGED + n);
  await tasks.add(
    id,
    Object.fromEntries(changed.map((n) => [`folder ${n % 100}/file ${n}.txt`, `changed ${n}\n`])),
  );
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
