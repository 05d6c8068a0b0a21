/** A pull request in one line of the terminal. */
import type { PullRequest } from "../domain/pull_request.ts";
import { oneLine } from "./text.ts";

/** `#7 open draft, checks failing, review required, conflicting: https://…` */
export function pullRequestWords(pull: PullRequest): string {
  const { number, state, draft, checks, review, mergeable, problem, url } = pull;
  const isOpen = state === "open";
  const words = [
    `#${number} ${state}${isOpen && draft ? " draft" : ""}`,
    ...isOpen && checks !== "none" ? [`checks ${checks}`] : [],
    ...isOpen && review !== "none" ? [review.replaceAll("_", " ")] : [],
    ...isOpen && mergeable === "conflicting" ? ["conflicting"] : [],
    ...problem === undefined ? [] : [`not asked since: ${problem}`],
  ];
  return oneLine(`${words.join(", ")}: ${url}`);
}
