/** Merge requests at GitLab, by its program `glab`. */
import * as z from "zod";
import { ApiError } from "../domain/errors.ts";
import type { ForgePlace, Forges } from "../domain/forge.ts";
import type { Feedback, PullRequestFacts } from "../domain/pull_request.ts";
import { type ForgeProgram, LOG_CHARACTERS, LOGS_MAX } from "./forge_program.ts";
import { flag, listOf, maybeWord, printedUrl, word } from "./json.ts";
import { hostname, ownNames, pathAtHost } from "./places.ts";

type GitLab = Omit<Forges, "require">;

const Pipeline = z.object({ id: z.int(), status: word }).nullish().catch(undefined);

const Merge = z.object({
  id: z.union([z.number(), z.string()]).catch(""),
  iid: z.int(),
  web_url: z.string(),
  state: word,
  draft: flag,
  sha: word,
  source_project_id: z.number().optional().catch(undefined),
  target_project_id: z.number().optional().catch(undefined),
  has_conflicts: flag,
  merge_status: word,
  detailed_merge_status: word,
  head_pipeline: Pipeline,
  pipeline: Pipeline,
});
type Merge = z.infer<typeof Merge>;

const Discussions = listOf(z.object({
  notes: listOf(z.object({
    id: z.union([z.number(), z.string()]),
    body: word,
    author: z.object({ username: word }).catch({ username: "" }),
    system: flag,
    resolved: flag,
    position: z.object({
      new_path: maybeWord,
      old_path: maybeWord,
      new_line: z.int().nullish().catch(undefined),
      old_line: z.int().nullish().catch(undefined),
    }).nullish().catch(undefined),
  })),
}));

const Jobs = listOf(z.object({
  id: z.int(),
  name: word,
  stage: word,
  status: word,
  allow_failure: flag,
  web_url: maybeWord,
}));

export function gitlab(glab: ForgeProgram): GitLab {
  async function api(place: ForgePlace, path: string, signal: AbortSignal): Promise<unknown> {
    return await glab.json(place, ["api", ...hostname(place), `${project(place)}/${path}`], signal);
  }

  const ownName = ownNames(async (place, signal) => {
    const user = await glab.json(place, ["api", ...hostname(place), "user"], signal).catch(() => undefined);
    return z.object({ username: word }).catch({ username: "" }).parse(user).username;
  });

  async function read(place: ForgePlace, number: number, signal: AbortSignal): Promise<Merge> {
    const args = ["mr", "view", String(number), ...repo(place), "--output", "json"];
    const merge = Merge.safeParse(await glab.json(place, args, signal));
    if (merge.success) return merge.data;
    const message = `glab does not say what became of merge request !${number}`;
    throw new ApiError("SERVICE_UNAVAILABLE", message, { program: "glab", missing: ["glab"] });
  }

  async function failedJobs(place: ForgePlace, merge: Merge, signal: AbortSignal): Promise<Feedback[]> {
    const pipeline = merge.head_pipeline ?? merge.pipeline;
    if (pipeline?.status !== "failed") return [];
    const jobs = Jobs.parse(
      await api(place, `pipelines/${pipeline.id}/jobs?scope[]=failed&per_page=50`, signal),
    );
    return await Promise.all(
      jobs.filter(({ allow_failure }) => !allow_failure).slice(0, LOGS_MAX).map(
        async (job): Promise<Feedback> => {
          const path = `${project(place)}/jobs/${job.id}/trace`;
          const log = await glab.text(place, ["api", ...hostname(place), path], signal).catch(() => "");
          const text = log.trimEnd().slice(-LOG_CHARACTERS) || job.status;
          const title = [job.stage, job.name].filter((part) => part !== "").join(" / ");
          return { kind: "check", id: `check:${job.id}`, title, text, url: job.web_url };
        },
      ),
    );
  }

  return {
    async find(place, branch, signal) {
      const args = ["mr", "list", ...repo(place), "--source-branch", branch, "--output", "json"];
      const found = listOf(Merge).parse(await glab.json(place, args, signal));
      const own = found.find((merge) =>
        merge.state === "opened" && merge.source_project_id === merge.target_project_id
      );
      return own && factsOf(own);
    },

    async create(place, { branch, title, body, draft, into }, signal) {
      const args = [
        ...[
          "mr",
          "create",
          ...repo(place),
          "--source-branch",
          branch,
          "--title",
          title,
          "--description",
          described(body),
          // Else glab looks for it among all remotes, and may have to ask.
          ...place.repository === undefined ? [] : ["--head", `https://${place.repository}`],
        ],
        ...into === undefined ? [] : ["--target-branch", into],
        ...draft ? ["--draft"] : [],
        "--yes",
      ];
      const printed = await glab.text(place, args, signal);
      const url = printedUrl(printed);
      if (url !== undefined) return url;
      const message = `glab did not print the address of a merge request: ${printed.trim().slice(0, 300)}`;
      throw new ApiError("SERVICE_UNAVAILABLE", message, { program: "glab", missing: ["glab"] });
    },

    async edit(place, number, { title, body }, signal) {
      const args = [
        ...["mr", "update", String(number), ...repo(place)],
        ...title === undefined ? [] : ["--title", title],
        ...body === undefined ? [] : ["--description", described(body)],
        "--yes",
      ];
      await glab.text(place, args, signal);
    },

    look: async (place, number, signal) => factsOf(await read(place, number, signal)),

    async feedback(place, { number }, signal) {
      const [checks, discussions, own] = await Promise.all([
        read(place, number, signal).then((merge) => failedJobs(place, merge, signal)),
        api(place, `merge_requests/${number}/discussions?per_page=100`, signal),
        ownName(place, signal),
      ]);
      const notes = Discussions.parse(discussions).flatMap((one) => one.notes);
      const comments = notes
        .filter(({ system, resolved, author, body }) =>
          !system && !resolved && body.trim() !== "" && author.username !== own &&
          !/_bot_/.test(author.username)
        )
        .map(({ id, author, body, position }): Feedback => {
          const path = position?.new_path ?? position?.old_path;
          const line = position?.new_line ?? position?.old_line;
          const title = path === undefined ? "the merge request" : line ? `${path}:${line}` : path;
          return { kind: "comment", id: `comment:${id}`, title, author: author.username, text: body };
        });
      return [...checks, ...comments];
    },
  };
}

function factsOf(merge: Merge): PullRequestFacts {
  const { id, iid, web_url, draft, sha } = merge;
  return {
    id: String(id || iid),
    number: iid,
    url: web_url,
    state: merge.state === "merged" ? "merged" : merge.state === "closed" ? "closed" : "open",
    draft,
    head: sha,
    checks: checksOf((merge.head_pipeline ?? merge.pipeline)?.status),
    review: reviewOf(merge.detailed_merge_status),
    mergeable: mergeableOf(merge),
  };
}

function checksOf(status: string | undefined): PullRequestFacts["checks"] {
  switch (status) {
    case undefined:
    case "skipped":
    case "manual":
      return "none";
    case "success":
      return "passing";
    case "failed":
    case "canceled":
      return "failing";
    default:
      return "pending";
  }
}

function reviewOf(merge_status: string): PullRequestFacts["review"] {
  if (merge_status === "not_approved") return "review_required";
  return merge_status === "requested_changes" ? "changes_requested" : "none";
}

function mergeableOf(
  { has_conflicts, merge_status, detailed_merge_status }: Merge,
): PullRequestFacts["mergeable"] {
  // Before 15.6 there was no detailed one.
  const cannot = detailed_merge_status === "" && merge_status === "cannot_be_merged";
  if (has_conflicts || cannot || detailed_merge_status === "conflict") return "conflicting";
  return detailed_merge_status === "mergeable" || merge_status === "can_be_merged" ? "mergeable" : "unknown";
}

/** A dash alone would open an editor. */
function described(body: string): string {
  return body === "-" ? "\\-" : body;
}

/** By its full address, since a host of one's own has no other. */
function repo({ repository }: ForgePlace): string[] {
  return repository === undefined ? [] : ["--repo", `https://${repository}`];
}

/** Without a repository, glab fills in that of the folder. */
function project(place: ForgePlace): string {
  const path = pathAtHost(place);
  return `projects/${path === undefined ? ":fullpath" : encodeURIComponent(path)}`;
}
