/** A pull request in one line of the terminal. */
import type { PullRequest } from "../domain/pull_request.ts";
import { pullRequestFacts } from "../protocol/pull_request_words.ts";
import { oneLine } from "./text.ts";

/** `#7 open draft, checks failing, review required, conflicting: https://…` */
export function pullRequestWords(pull: PullRequest): string {
  return oneLine(`#${pull.number} ${pullRequestFacts(pull).join(", ")}: ${pull.url}`);
}
