/** Pushes branches to the remotes that a repository has configured: never with force, and never where somebody is asked. */
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import type { PushOrder, Remotes } from "../domain/forge.ts";
import { masked, secretsIn } from "../domain/remote_url.ts";
import { commitOf, isAncestor, tipOf } from "./commits.ts";
import type { Git, GitPlace } from "./git.ts";

const LOOK_MS = 20_000;
const PUSH_MS = 60_000;
/** How many names are tried for a branch that others have. */
const NAMES_MAX = 20;

export function gitRemotes(git: Git): Remotes {
  const at = (common_dir: string): GitPlace => ({ git_dir: common_dir });

  async function urlsOf(common_dir: string, remote: string): Promise<string[]> {
    const names = (await git.text(at(common_dir), ["remote"])).split("\n").filter((name) => name !== "");
    // A name that looks like an option is none for git, wherever it comes from.
    const usable = names.filter((name) => !name.startsWith("-"));
    if (!usable.includes(remote)) {
      throw fieldProblem(
        "INVALID_FIELD_VALUE",
        "remote",
        remote,
        usable,
        usable.length === 0
          ? "The repository has no remote to push to. 'git remote add origin ADDRESS' makes one"
          : `The repository has no remote '${masked(remote)}'`,
      );
    }
    const urls = await git.text(at(common_dir), ["config", "--get-all", `remote.${remote}.url`], {
      accepts: [1],
    });
    const pushed = await git.text(at(common_dir), ["config", "--get-all", `remote.${remote}.pushurl`], {
      accepts: [1],
    });
    return [urls, pushed].flatMap((lines) => lines.split("\n")).filter((url) => url !== "");
  }

  /** Runs git towards a remote. Its words are masked. */
  async function towards(
    { common_dir, remote }: Pick<PushOrder, "common_dir" | "remote">,
    args: readonly string[],
    bound_ms: number,
    signal: AbortSignal,
  ): Promise<string> {
    const secrets = (await urlsOf(common_dir, remote)).flatMap(secretsIn);
    try {
      return await git.text(at(common_dir), args, { bound_ms, signal, network: true });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "FILESYSTEM_ERROR") throw error;
      throw remoteProblem(remote, masked(error.message, secrets));
    }
  }

  return {
    async addressesOf(common_dir, remote) {
      const written = await urlsOf(common_dir, remote);
      // A name that the user's configuration replaces (`url.NAME.insteadOf`) says nothing of its host.
      const used = await git.text(at(common_dir), ["remote", "get-url", remote]);
      return [...written, ...used.split("\n").filter((url) => url !== "")];
    },

    async freeBranch(order, signal) {
      const { common_dir, remote, commit, branch } = order;
      const names = Array.from({ length: NAMES_MAX }, (_, i) => i === 0 ? branch : `${branch}-${i + 1}`);
      const asked = names.map((name) => `refs/heads/${name}`);
      const listed = await towards(order, ["ls-remote", "--", remote, ...asked], LOOK_MS, signal);
      const taken = new Map<string, string>();
      for (const line of listed.split("\n")) {
        const [old, ref] = line.split("\t");
        if (old && ref) taken.set(ref, old);
      }
      for (const name of names) {
        const old = taken.get(`refs/heads/${name}`);
        // What an interrupted push has left is a part of this work.
        if (old === undefined || await isAncestor(git, at(common_dir), old, commit)) return name;
      }
      throw refused(remote, `it has branches of the names '${branch}' to '${names.at(-1)}' already`);
    },

    async push(order, signal) {
      const { remote, commit, branch } = order;
      const options = ["--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no"];
      const args = ["push", ...options, "--", remote, `${commit}:refs/heads/${branch}`];
      await towards(order, args, PUSH_MS, signal);
    },

    headOf: (common_dir, branch) => tipOf(git, at(common_dir), `refs/heads/${branch}`),

    async remoteBranch(common_dir, remote, name) {
      const prefix = `${remote}/`;
      const refs = name.startsWith(prefix)
        ? [[`refs/remotes/${name}`, name.slice(prefix.length)]]
        : [[`refs/remotes/${remote}/${name}`, name], [`refs/heads/${name}`, name]];
      for (const [ref, short] of refs) {
        if (await commitOf(git, at(common_dir), ref!) !== undefined) return short;
      }
    },
  };
}

function remoteProblem(remote: string, words: string): ApiError {
  if (
    /\[(remote )?rejected\]|non-fast-forward|fetch first|pre-receive hook declined|remote: error: GH\d/i.test(
      words,
    )
  ) {
    return refused(remote, words);
  }
  return new ApiError("SERVICE_UNAVAILABLE", `The remote '${remote}' cannot be used: ${words}`, {
    missing: ["remote"],
    remote,
    todo: "Try 'git push' by hand as the account of the server: it must not have to ask for anything.",
  });
}

function refused(remote: string, words: string): ApiError {
  return new ApiError("CHANGES_CONFLICT", `The remote '${remote}' refuses the branch: ${words}`, {
    reason: "push_refused",
    files: [],
    remote,
    todo:
      "Nothing is pushed with force. Bring the remote branch's commits into the task's branch, or delete that branch.",
  });
}
