/** A task's pull request in one line, with the link to it. */
import type { PullRequest } from "../../domain/pull_request.ts";
import { pullRequestFacts } from "../../protocol/pull_request_words.ts";

/** Such as `#7 open draft, checks failing`. */
export function PullRequestLine({ pull }: { pull: PullRequest }) {
  return (
    <>
      <a
        href={pull.url}
        target="_blank"
        rel="noopener noreferrer"
        aria-label={`Pull request #${pull.number}`}
      >
        #{pull.number}
      </a>{" "}
      {pullRequestFacts(pull).join(", ")}
    </>
  );
}
