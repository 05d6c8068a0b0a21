/** Pull requests at GitHub, by its program `gh`. */
import { ApiError } from "../domain/errors.ts";
import type { ForgePlace, Forges } from "../domain/forge.ts";
import type { Feedback } from "../domain/pull_request.ts";
import { type ForgeProgram, LOG_CHARACTERS, LOGS_MAX } from "./forge_program.ts";
import {
  type Check,
  Comments,
  FACTS,
  factsOf,
  latest,
  LineComments,
  nameOf,
  outcomeOf,
  Pull,
} from "./github_answers.ts";
import { listOf, printedUrl } from "./json.ts";
import { hostname, ownNames, pathAtHost } from "./places.ts";

type GitHub = Omit<Forges, "require">;

/** Of comments on lines, only a page is asked for: without an order, that of the oldest. */
const NEWEST = "per_page=100&sort=created&direction=desc";

export function github(gh: ForgeProgram): GitHub {
  const ownLogin = ownNames(async (place, signal) => {
    const asked = ["api", ...hostname(place), "user", "--jq", ".login"];
    // A token of an application has no account.
    return (await gh.text(place, asked, signal).catch(() => "")).trim();
  });

  /** The end of the failed step's log. */
  async function logOf(place: ForgePlace, check: Check, signal: AbortSignal): Promise<string> {
    const said = `${check.conclusion ?? check.state ?? "failed"}`.toLowerCase();
    const job = /\/job\/(\d+)/.exec(check.detailsUrl ?? "")?.[1];
    if (job === undefined) return said;
    const log = await gh.text(place, ["run", "view", ...repo(place), "--job", job, "--log-failed"], signal)
      .catch(() => "");
    const lines = log.trimEnd().split("\n").map((line) => {
      const [, step = "", ...rest] = line.split("\t");
      const text = rest.join("\t").replace(/^\uFEFF?\d{4}-\d\d-\d\dT[\d:.]+Z /, "");
      return rest.length > 0 ? `${step}: ${text}` : line;
    });
    const end = lines.join("\n").slice(-LOG_CHARACTERS);
    return end === "" ? said : `${said}\n${end}`;
  }

  return {
    async find(place, branch, signal) {
      const args = [
        "pr",
        "list",
        ...repo(place),
        "--head",
        branch,
        "--state",
        "open",
        "--limit",
        "30",
        "--json",
        FACTS,
      ];
      const found = listOf(Pull).parse(await gh.json(place, args, signal));
      // A fork may have a branch of the same name.
      const own = found.find(({ isCrossRepository }) => !isCrossRepository);
      return own && factsOf(own);
    },

    async create(place, { branch, title, body, draft, into }, signal) {
      const args = [
        ...["pr", "create", ...repo(place), "--head", branch, "--title", title, "--body", body],
        ...into === undefined ? [] : ["--base", into],
        ...draft ? ["--draft"] : [],
      ];
      const printed = await gh.text(place, args, signal);
      const url = printedUrl(printed);
      if (url === undefined) throw withoutAddress(printed);
      return url;
    },

    async edit(place, number, { title, body }, signal) {
      const args = [
        ...["pr", "edit", String(number), ...repo(place)],
        ...title === undefined ? [] : ["--title", title],
        ...body === undefined ? [] : ["--body", body],
      ];
      await gh.text(place, args, signal);
    },

    async look(place, number, signal) {
      const args = ["pr", "view", String(number), ...repo(place), "--json", FACTS];
      const pull = Pull.safeParse(await gh.json(place, args, signal));
      if (!pull.success) throw unreadable(number);
      return factsOf(pull.data);
    },

    async feedback(place, { number }, signal) {
      const fields = "headRefOid,statusCheckRollup,comments,reviews";
      const [seen, lines, own] = await Promise.all([
        gh.json(place, ["pr", "view", String(number), ...repo(place), "--json", fields], signal),
        gh.json(
          place,
          ["api", ...hostname(place), `${api(place)}/pulls/${number}/comments?${NEWEST}`],
          signal,
        ),
        ownLogin(place, signal),
      ]);
      const told = Comments.parse(seen ?? {});
      const failed = latest(told.statusCheckRollup).filter((check) => outcomeOf(check) === "failing");
      const checks = await Promise.all(
        failed.slice(0, LOGS_MAX).map(async (check): Promise<Feedback> => ({
          kind: "check",
          id: `check:${told.headRefOid}:${nameOf(check)}:${check.completedAt ?? check.startedAt ?? ""}`,
          title: nameOf(check),
          text: await logOf(place, check, signal),
          url: check.detailsUrl ?? check.targetUrl,
        })),
      );
      const isOthers = (login: string) => login !== own;
      const isPerson = (login: string) => !login.endsWith("[bot]");
      const comments = told.comments
        .filter(({ author, viewerDidAuthor, isMinimized, body }) =>
          !viewerDidAuthor && !isMinimized && body.trim() !== "" && isOthers(author.login) &&
          isPerson(author.login)
        )
        .map(({ id, author, body, url }) => comment(id, "the pull request", author.login, body, url));
      const reviews = told.reviews
        .filter(({ author, state, body }) =>
          isOthers(author.login) &&
          (state === "CHANGES_REQUESTED" || state === "COMMENTED" && body.trim() !== "")
        )
        .map(({ id, author, body, state }) =>
          comment(id, "review", author.login, body.trim() || state.toLowerCase().replaceAll("_", " "))
        );
      const on_lines = LineComments.parse(lines).reverse()
        .filter(({ user, body }) => isOthers(user.login) && body.trim() !== "")
        .map(({ id, user, body, path, line, original_line, html_url }) => {
          const at = line ?? original_line;
          return comment(`line:${id}`, at === undefined ? path : `${path}:${at}`, user.login, body, html_url);
        });
      return [...checks, ...reviews, ...on_lines, ...comments];
    },
  };
}

function comment(id: string, title: string, author: string, text: string, url?: string): Feedback {
  return { kind: "comment", id: `comment:${id}`, title, author, text, url };
}

function repo({ repository }: ForgePlace): string[] {
  return repository === undefined ? [] : ["--repo", repository];
}

/** Without a repository, gh fills in that of the folder. */
function api(place: ForgePlace): string {
  return `repos/${pathAtHost(place) ?? "{owner}/{repo}"}`;
}

function unreadable(number: number): ApiError {
  const message = `gh does not say what became of pull request #${number}`;
  return new ApiError("SERVICE_UNAVAILABLE", message, { program: "gh", missing: ["gh"] });
}

function withoutAddress(printed: string): ApiError {
  const message = `gh did not print the address of a pull request: ${printed.trim().slice(0, 300)}`;
  return new ApiError("SERVICE_UNAVAILABLE", message, { program: "gh", missing: ["gh"] });
}
