/** Wires what becomes of tasks' worktrees: accepted, discarded, kept or removed. */
import type { Clock } from "../clock/clock.ts";
import type { Landing } from "../domain/landing.ts";
import type { WorktreeFolders } from "../domain/worktrees.ts";
import { Acceptance, type AcceptanceOptions } from "../engine/acceptance.ts";
import { Discarding } from "../engine/discarding.ts";
import { EndingRecovery } from "../engine/ending_recovery.ts";
import { Releasing } from "../engine/releasing.ts";
import { OneAtATime } from "../engine/one_at_a_time.ts";
import { type UpdateContext, WorkspaceUpdate } from "../engine/workspace_update.ts";
import { type WorktreeEndOptions, WorktreeEnds } from "../engine/worktree_ends.ts";
import { Worktrees } from "../engine/worktrees.ts";
import type { Store } from "../store/open.ts";

export interface AcceptanceWiring
  extends Pick<AcceptanceOptions, "methodOf" | "check">, Pick<WorktreeEndOptions, "save" | "tearDown"> {
  clock: Clock;
  store: Store;
  landing: Landing;
  folders: WorktreeFolders;
  say: UpdateContext["say"];
}

export type Endings = ReturnType<typeof composeAcceptance>;

export function composeAcceptance(wiring: AcceptanceWiring) {
  const { clock, store, landing, folders, say, save, tearDown, methodOf, check } = wiring;
  const turns = new OneAtATime();
  const unfinished = (task_id: string) => recovery.settle(task_id);
  const ends = new WorktreeEnds({ store, landing, save, tearDown, unfinished }, turns);
  const acceptance = new Acceptance({ clock, store, landing, methodOf, check }, ends);
  const discarding = new Discarding({ clock, store, landing }, ends);
  const releasing = new Releasing({ store, landing, save }, ends);
  const update = new WorkspaceUpdate({ store, landing, ends, say, save });
  const recovery: EndingRecovery = new EndingRecovery({
    clock,
    store,
    landing,
    acceptance,
    discarding,
    releasing,
    update,
    ends,
    turns,
  });
  return {
    landing,
    acceptance,
    discarding,
    releasing,
    worktrees: new Worktrees({ clock, store, landing, folders, releasing }),
    update,
    recovery,
  };
}
