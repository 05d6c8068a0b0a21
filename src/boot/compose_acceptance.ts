/** Wires what becomes of tasks' worktrees: accepted, discarded, kept or removed. */
import type { Clock } from "../clock/clock.ts";
import { Acceptance, type AcceptanceOptions } from "../engine/acceptance.ts";
import { EndingRecovery } from "../engine/ending_recovery.ts";
import { RepositoryTurns } from "../engine/repository_turns.ts";
import { type UpdateContext, WorkspaceUpdate } from "../engine/workspace_update.ts";
import { Worktrees } from "../engine/worktrees.ts";
import type { Store } from "../store/open.ts";
import type { Git } from "../workspaces/git.ts";
import { gitLanding } from "../workspaces/landing.ts";
import { worktreeFolders } from "../workspaces/worktree_folders.ts";

export interface AcceptanceWiring extends Pick<AcceptanceOptions, "save" | "methodOf" | "tearDown"> {
  clock: Clock;
  store: Store;
  git: Git;
  /** The folder that holds the worktrees. */
  root: string;
  say: UpdateContext["say"];
  /** One for temporary files. */
  room: string;
}

export type Endings = ReturnType<typeof composeAcceptance>;

export function composeAcceptance({ clock, store, git, root, room, say, ...tasks }: AcceptanceWiring) {
  const turns = new RepositoryTurns();
  const landing = gitLanding(git, room);
  const unfinished = (task_id: string) => recovery.settle(task_id);
  const acceptance = new Acceptance({ clock, store, landing, ...tasks, unfinished }, turns);
  const recovery: EndingRecovery = new EndingRecovery({ clock, store, landing, acceptance, turns });
  const folders = worktreeFolders(git, landing, root, room);
  return {
    landing,
    acceptance,
    worktrees: new Worktrees({ clock, store, landing, folders, acceptance }),
    update: new WorkspaceUpdate({ store, landing, acceptance, say, save: tasks.save }, turns),
    recovery,
  };
}
