/** What GitHub's program `gh` prints of pull requests, and what it means. */
import * as z from "zod";
import type { PullRequestFacts } from "../domain/pull_request.ts";
import { flag, listOf, maybeWord, word } from "./json.ts";

/** What of a pull request is asked for, to be read as a `Pull`. */
export const FACTS =
  "id,number,url,state,isDraft,headRefOid,isCrossRepository,mergeable,reviewDecision,statusCheckRollup";

/** A run of a check, or a status that another service has set. */
const Check = z.object({
  name: maybeWord,
  workflowName: maybeWord,
  status: maybeWord,
  conclusion: maybeWord,
  startedAt: maybeWord,
  completedAt: maybeWord,
  detailsUrl: maybeWord,
  context: maybeWord,
  state: maybeWord,
  targetUrl: maybeWord,
});
export type Check = z.infer<typeof Check>;

export const Pull = z.object({
  id: word,
  number: z.int(),
  url: z.string(),
  state: word,
  isDraft: flag,
  headRefOid: word,
  isCrossRepository: flag,
  mergeable: word,
  reviewDecision: word,
  statusCheckRollup: listOf(Check),
});
export type Pull = z.infer<typeof Pull>;

const Author = z.object({ login: word }).catch({ login: "" });

export const Comments = z.object({
  comments: listOf(z.object({
    id: word,
    author: Author,
    body: word,
    url: maybeWord,
    viewerDidAuthor: flag,
    isMinimized: flag,
  })),
  reviews: listOf(z.object({ id: word, author: Author, body: word, state: word })),
  statusCheckRollup: listOf(Check),
  headRefOid: word,
});

export const LineComments = listOf(z.object({
  id: z.union([z.number(), z.string()]),
  user: Author,
  body: word,
  path: word,
  line: z.int().optional().catch(undefined),
  original_line: z.int().optional().catch(undefined),
  html_url: maybeWord,
}));

export function factsOf(pull: Pull): PullRequestFacts {
  const { id, number, url, isDraft, headRefOid, statusCheckRollup } = pull;
  return {
    id: id || String(number),
    number,
    url,
    state: pull.state === "MERGED" ? "merged" : pull.state === "CLOSED" ? "closed" : "open",
    draft: isDraft,
    head: headRefOid,
    checks: checksOf(latest(statusCheckRollup)),
    review: reviewOf(pull.reviewDecision),
    mergeable: pull.mergeable === "MERGEABLE"
      ? "mergeable"
      : pull.mergeable === "CONFLICTING"
      ? "conflicting"
      : "unknown",
  };
}

function reviewOf(decision: string): PullRequestFacts["review"] {
  switch (decision) {
    case "APPROVED":
      return "approved";
    case "CHANGES_REQUESTED":
      return "changes_requested";
    case "REVIEW_REQUIRED":
      return "review_required";
    default:
      return "none";
  }
}

/** Of a check that ran again, the last run. */
export function latest(checks: readonly Check[]): Check[] {
  const by_name = new Map<string, Check>();
  for (const check of checks) {
    const other = by_name.get(nameOf(check));
    if (!other || (other.startedAt ?? "") <= (check.startedAt ?? "")) by_name.set(nameOf(check), check);
  }
  return [...by_name.values()];
}

export function nameOf({ name, workflowName, context }: Check): string {
  return [workflowName, name ?? context ?? "check"].filter((part) => part).join(" / ");
}

export function outcomeOf({ status, conclusion, state }: Check): "pending" | "passing" | "failing" {
  const said = (conclusion || state || "").toUpperCase();
  if (["FAILURE", "ERROR", "TIMED_OUT", "STARTUP_FAILURE", "ACTION_REQUIRED"].includes(said)) {
    return "failing";
  }
  if (
    said === "" || ["PENDING", "EXPECTED"].includes(said) ||
    (status !== undefined && status !== "COMPLETED" && !state)
  ) {
    return "pending";
  }
  return "passing";
}

function checksOf(checks: readonly Check[]): PullRequestFacts["checks"] {
  const outcomes = checks.map(outcomeOf);
  if (outcomes.includes("failing")) return "failing";
  if (outcomes.includes("pending")) return "pending";
  return outcomes.length === 0 ? "none" : "passing";
}
