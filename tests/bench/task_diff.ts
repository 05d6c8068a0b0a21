/** What a task has changed in a repository of 10,000 files, beside `git diff` by itself, turn by turn. */
import { join } from "node:path";
import { systemClock } from "../../src/clock/clock.ts";
import { containedPrograms } from "../../src/host/processes/contained_program.ts";
import { gitComparisons } from "../../src/workspaces/changes/comparisons.ts";
import { createGit } from "../../src/workspaces/git.ts";
import { Repository } from "../fixtures/repository.ts";
import { type Figure, median } from "./figure.ts";

const FILES = 10_000;
const CHANGED = 500;
const ROUNDS = 15;
const GOAL_MS = 1000;

async function timed(action: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await action();
  return performance.now() - begun;
}

const nameOf = (i: number) => `folder${i % 100}/file${i}.ts`;
const contentOf = (i: number) =>
  Array.from({ length: 60 }, (_, line) => `export const value${line} = ${i * line};\n`).join("");

export async function taskDiff(): Promise<Figure[]> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-bench-" }));
  try {
    const numbers = Array.from({ length: FILES }, (_, i) => i);
    const files = Object.fromEntries(numbers.map((i) => [nameOf(i), contentOf(i)]));
    const repository = await Repository.create(join(folder, "repository"));
    await repository.write(files);
    // git looks into files that are as young as its index.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const from = await repository.commit("all");
    for (const i of numbers.filter((i) => i % (FILES / CHANGED) === 0)) {
      await repository.write({
        [nameOf(i)]: contentOf(i).replace(" = 0;", " = 1;").replace("value59", "last"),
      });
    }
    const server_env = Deno.env.toObject();
    const git = createGit({ run: containedPrograms(systemClock), server_env });
    const comparisons = await gitComparisons({
      git,
      clock: systemClock,
      data: folder,
      folder: join(folder, "compare"),
    });
    const common_dir = join(repository.path, ".git");
    const work = {
      common_dir,
      folder: { git_dir: common_dir, work_tree: repository.path },
      head: from,
      from,
      base: "main",
      base_commit: from,
      isOpen: true,
    };
    const asked = (more: { path?: string; patch: boolean }) => () =>
      timed(() => comparisons.changes(work, { context: 3, ...more }));
    const plain = () => timed(() => repository.git("diff", "HEAD", "--raw", "--numstat", "--patch"));
    const ways = [
      plain,
      asked({ patch: true }),
      asked({ patch: false }),
      asked({ patch: true, path: nameOf(20) }),
    ];
    const times: number[][] = ways.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, way] of ways.entries()) times[i]!.push(await way());
    }
    const [plain_ms, whole_ms, list_ms, file_ms] = times.map(median) as [number, number, number, number];
    const ratio = (ms: number) => `${ms.toFixed(0)} ms, ${(ms / plain_ms).toFixed(1)} times git diff`;
    return [
      {
        what: `diff of ${FILES} files, ${CHANGED} changed and not committed; git diff takes ${
          plain_ms.toFixed(0)
        } ms`,
        measured: ratio(whole_ms),
        goal: `${GOAL_MS} ms`,
        met: whole_ms <= GOAL_MS,
      },
      { what: "the same without patches", measured: ratio(list_ms) },
      { what: "the same, one file of them", measured: ratio(file_ms) },
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
