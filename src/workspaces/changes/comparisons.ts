/** Compares tasks' work by git: what has changed, and where commented lines are now. */
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import type { ComparedWork, Comparisons } from "../../domain/comparison.ts";
import { removeTree } from "../../host/remove_tree.ts";
import type { Git } from "../git.ts";
import { adaptedGit } from "./adapted_git.ts";
import { listChanges } from "./list_changes.ts";
import { comparedFrom } from "./compared_from.ts";
import { linesNow } from "./lines_now.ts";
import { type PlainRepository, withPlainRepository } from "./plain_repository.ts";
import { type Present, presentOf } from "./present.ts";
import { standingOf } from "./standing.ts";

/** How many comparisons run at once. */
const AT_ONCE = 4;
/** A comparison of a whole repository takes a second. */
const BOUND_MS = 60_000;
/** How many may wait for their turn. */
const WAITING_MAX = 200;

export interface ComparisonOptions {
  git: Git;
  clock: Clock;
  /** The server's data folder. Nothing in it is a task's work, except in the folder of the worktrees. */
  data: string;
  /** For what git has to write. Nothing in it outlives a comparison. */
  folder: string;
}

interface Lent {
  git: Git;
  plain: PlainRepository;
  present: Present;
}

export async function gitComparisons(
  { git: unbounded, clock, data, folder }: ComparisonOptions,
): Promise<Comparisons> {
  const inTurn = atMost(AT_ONCE);
  // What a server that was killed has left behind.
  await removeTree(folder);

  async function withPresent<T>(work: ComparedWork, use: (lent: Lent) => Promise<T>): Promise<T> {
    const until_ms = clock.monotonic() + BOUND_MS;
    // No command runs longer than is left.
    const git = adaptedGit(unbounded, (options) => ({
      ...options,
      bound_ms: Math.max(1, until_ms - clock.monotonic()),
    }));
    const repository = { common_dir: work.common_dir, commit: work.head };
    const compare = (seen: ComparedWork) =>
      withPlainRepository(
        git,
        folder,
        repository,
        async (plain) => await use({ git, plain, present: await presentOf(git, plain, seen, data) }),
      );
    const committed = { ...work, folder: undefined };
    return await inTurn(async () => {
      if (work.folder === undefined || !await isThere(work.folder)) return await compare(committed);
      try {
        return await compare(work);
      } catch (error) {
        // It may have been accepted or discarded meanwhile.
        if (await isThere(work.folder)) throw error;
        return await compare(committed);
      }
    });
  }

  return {
    changes: (work, list) =>
      withPresent(work, async ({ git, plain, present }) => {
        const { head, tree, uncommitted, branch, target } = present;
        const { common_dir, upstream, starts = [], taken = [] } = work;
        const from = await comparedFrom(git, plain, work);
        const [diff, standing] = await Promise.all([
          listChanges(plain, from, tree, list),
          standingOf(git, plain, {
            common_dir,
            target,
            upstream,
            starts,
            taken,
            head,
            tree: uncommitted ? tree : undefined,
            mayConflict: work.isOpen,
          }),
        ]);
        return {
          base_commit: work.from,
          head_commit: head,
          branch,
          uncommitted,
          nested: present.nested.length > 0 ? present.nested : undefined,
          files: diff.files,
          files_truncated: diff.files_truncated || undefined,
          totals: diff.totals,
          ...standing,
        };
      }),
    lines: (work, lines) =>
      withPresent(work, async ({ plain, present }) => ({
        head_commit: present.head,
        found: await linesNow(plain, work, present, lines),
      })),
  };
}

async function isThere({ git_dir, work_tree }: NonNullable<ComparedWork["folder"]>): Promise<boolean> {
  for (const path of [git_dir, work_tree]) {
    try {
      if (!(await Deno.stat(path)).isDirectory) return false;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
      throw error;
    }
  }
  return true;
}

/** Runs at most so many jobs at once; the others wait for their turn. */
function atMost(most: number): <T>(job: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (job) => {
    if (running >= most) {
      if (waiting.length >= WAITING_MAX) {
        throw new ApiError("SERVER_OVERLOAD", "Too many comparisons wait already", {
          retry_after_seconds: 1,
        });
      }
      // Whoever ends hands its place on.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await job();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
