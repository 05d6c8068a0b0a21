/** A task's pull request on its card or row: its number and state, and the way to it. */
import { GitPullRequest } from "lucide-preact";
import type { Task } from "../../../domain/task.ts";
import { pullRequestFacts } from "../../../protocol/pull_request_words.ts";
import { PullRequestLine } from "../../ui/pull_request_line.tsx";

/** Shows nothing for a task without one. */
export function TaskPull({ task: { pull_request: pull } }: { task: Task }) {
  if (pull === undefined) return null;
  return (
    <span class="task-pull" title={pullRequestFacts(pull).join(", ")}>
      <GitPullRequest size={14} aria-hidden="true" />
      <span class="clip">
        <PullRequestLine pull={pull} />
      </span>
    </span>
  );
}
