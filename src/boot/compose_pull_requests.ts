/** Wires pull requests: the remotes of repositories, the forges' programs, and what follows them. */
import type { Clock } from "../clock/clock.ts";
import { SERVER } from "../domain/actor.ts";
import type { Landing } from "../domain/landing.ts";
import type { Discarding } from "../engine/discarding.ts";
import { PullRequestFollowing } from "../engine/pull_requests/following.ts";
import { type PullRequestContext, PullRequestOpening } from "../engine/pull_requests/opening.ts";
import type { TaskCommands } from "../engine/task_commands.ts";
import { forges } from "../forges/forges.ts";
import type { Store } from "../store/open.ts";
import type { Git } from "../workspaces/git.ts";
import { gitRemotes } from "../workspaces/remotes.ts";

export interface PullRequestParts extends Pick<PullRequestContext, "projectOf" | "save"> {
  clock: Clock;
  programs: Parameters<typeof forges>[0];
  store: Store;
  git: Git;
  landing: Landing;
  discarding: Discarding;
  commands: Pick<TaskCommands, "say">;
}

export function composePullRequests(parts: PullRequestParts) {
  const { clock, programs, store, git, landing, discarding, commands, projectOf, save } = parts;
  const context: PullRequestContext = {
    clock,
    store,
    remotes: gitRemotes(git),
    forges: forges(programs),
    projectOf,
    save,
    requireSaved: (worktree, head) => landing.requireSaved(worktree, head),
  };
  const opening = new PullRequestOpening(context);
  const following = new PullRequestFollowing({
    ...context,
    say: (task_id, said) => commands.say(task_id, said, SERVER),
    merged: (task_id, heads) => discarding.merged(task_id, heads, SERVER),
    discard: (task_id) => discarding.discard(task_id, SERVER),
    tell: (entry) => void store.logs.append(entry),
  });
  return {
    opening,
    part: {
      name: "pull requests",
      start: () => following.start(),
      async stop() {
        opening.close();
        await following.stop();
      },
    },
  };
}
