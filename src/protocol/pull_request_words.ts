/** What is known of a pull request, in words. */
import type { PullRequest } from "../domain/pull_request.ts";

/** Such as `open draft`, `checks failing`, `review required`, `conflicting`. Nobody checks or reviews one that has ended. */
export function pullRequestFacts(pull: PullRequest): string[] {
  const { state, draft, checks, review, mergeable, problem } = pull;
  const isOpen = state === "open";
  return [
    `${state}${isOpen && draft ? " draft" : ""}`,
    ...isOpen && checks !== "none" ? [`checks ${checks}`] : [],
    ...isOpen && review !== "none" ? [review.replaceAll("_", " ")] : [],
    ...isOpen && mergeable === "conflicting" ? ["conflicting"] : [],
    ...problem === undefined ? [] : [`not asked since: ${problem}`],
  ];
}
