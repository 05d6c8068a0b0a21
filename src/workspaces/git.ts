/**
 * Runs git for the server: bounded, in a process group of its own, without hooks, prompts, pagers, editors, signatures or
 * daemons, and without the server's `GIT_*` and secrets. What git prints is passed on as it is; ask for lists with `-z`.
 */
import { ApiError } from "../domain/errors.ts";
import { commonVariables, pickVariables } from "../host/processes/common_variables.ts";
import {
  type ProgramEnd,
  type ProgramRun,
  type RunProgram,
  whyEnded,
} from "../host/processes/contained_program.ts";

/** For commands that only look. */
const QUICK_MS = 60_000;
/** A large repository takes minutes to check out, to add and to remove. */
export const WHOLE_TREE_MS = 600_000;
/** What git prints of a large repository takes a tenth of it. */
const OUTPUT_MAX = 64_000_000;
/** How much of git's own words an error repeats. */
const WORDS_MAX = 2_000;

/**
 * Where git works. A text: the folder, from which git looks for its repository upwards. Otherwise git's own folder, which
 * is used even if the working tree's `.git` is gone or leads elsewhere.
 */
export type GitPlace = string | {
  git_dir: string;
  /** git's folder that all worktrees share. */
  common_dir?: string;
  /** Absent for commands that need no files. */
  work_tree?: string;
};

/** A working tree of which all three are known. */
export interface TreePlace {
  git_dir: string;
  common_dir: string;
  work_tree: string;
}

export interface GitOptions {
  /** 60 s by default. */
  bound_ms?: number;
  /** Ends the command when nobody needs it any more. */
  signal?: AbortSignal;
  stdin?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Gets what git prints as it comes, for a dialogue. */
  heard?(bytes: Uint8Array): void;
  /** An index file of its own, so that the working tree's stays as it is. */
  index?: string;
  /** More configuration, as `name=value`. */
  config?: readonly string[];
  /** More variables. */
  env?: Record<string, string>;
  /** Exit codes that are answers, besides 0. */
  accepts?: readonly number[];
  /** Gets what git prints, without a bound, instead of the result. Once it returns false, git is ended, which is no error. */
  take?(bytes: Uint8Array): boolean;
  /** Whether it speaks to a remote repository, which may need the account's SSH agent. */
  network?: boolean;
}

export interface GitOutput {
  code: number;
  stdout: Uint8Array<ArrayBuffer>;
  stderr: string;
}

/** Each method throws `ApiError` `FILESYSTEM_ERROR` with git's own words, or `SERVICE_UNAVAILABLE` without git. */
export interface Git {
  run(place: GitPlace, args: readonly string[], options?: GitOptions): Promise<GitOutput>;
  /** What git prints, exactly. What is not UTF-8 is replaced. */
  text(place: GitPlace, args: readonly string[], options?: GitOptions): Promise<string>;
  /** The single line that git prints, without its end. */
  line(place: GitPlace, args: readonly string[], options?: GitOptions): Promise<string>;
  /** The fields of an output that `-z` ends with NULs. */
  fields(place: GitPlace, args: readonly string[], options?: GitOptions): Promise<string[]>;
}

export interface GitHost {
  run: RunProgram;
  /** The server's own environment, of which git gets the harmless part. */
  server_env: Record<string, string>;
  /** Variables by which a later server finds what an earlier one has left running. */
  marks?: Record<string, string>;
  /** Holds back what it may run while it looks at files of agents in sandboxes; undefined where it is as it is. */
  look?(
    look: { folder: string; git_dir?: string; common_dir?: string; index?: string; writes: boolean },
    program: Pick<ProgramRun, "program" | "args" | "env">,
  ): Promise<Pick<ProgramRun, "program" | "args"> | undefined>;
}

/** Commands that touch neither files of a working tree nor an index. All others may run filters, also of repositories inside. */
const APART = new Set([
  ...[
    "cat-file",
    "commit-tree",
    "config",
    "fetch",
    "for-each-ref",
    "ls-remote",
    "ls-tree",
    "merge-base",
    "mktree",
    "push",
  ],
  ...["remote", "rev-list", "rev-parse", "symbolic-ref", "update-ref", "worktree"],
]);
/** Commands that write files of a working tree. */
const WRITERS = new Set(["checkout", "checkout-index", "read-tree", "reset", "rm", "stash", "submodule"]);

/** What no configuration of the user, the repository or an agent may change. */
const HARDENED = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.pager=cat",
  "core.editor=:",
  "sequence.editor=:",
  "core.askPass=",
  "credential.interactive=false",
  "commit.gpgSign=false",
  "tag.gpgSign=false",
  "push.gpgSign=false",
  "log.showSignature=false",
  // Nothing goes on in the background.
  "gc.auto=0",
  "gc.autoDetach=false",
  "maintenance.auto=false",
  "core.splitIndex=false",
  // All that is known of a file counts, so that no edit passes for none.
  "core.trustctime=true",
  "core.checkStat=default",
  "core.ignoreStat=false",
  "core.quotePath=false",
  // A warning about line ends must not keep work from being saved.
  "core.safecrlf=false",
  "advice.detachedHead=false",
  "advice.addEmbeddedRepo=false",
].flatMap((setting) => ["-c", setting]);

/** Of the server's variables, besides those that every program gets. */
const OWN_VARIABLES = ["USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"];

/**
 * What git says when it reads the list of worktrees while another git writes a new one to it. It has changed nothing then.
 */
const HALF_LISTED = /\bfatal: failed to read .+\/worktrees\/[^/\n]+\/(?:commondir|gitdir|HEAD): /;
/** How often a command is run that meets a half-written worktree. Each run takes longer than git needs to write one. */
const LISTING_TRIES = 10;

export function createGit(host: GitHost): Git {
  async function run(place: GitPlace, args: readonly string[], options: GitOptions = {}): Promise<GitOutput> {
    // What was read from a stream, or heard, cannot be given again.
    const isRepeatable = !options.heard && !options.take && !(options.stdin instanceof ReadableStream);
    for (let tries = 1;; tries++) {
      try {
        return await runOnce(place, args, options);
      } catch (error) {
        const isHalfListed = error instanceof ApiError && HALF_LISTED.test(error.message);
        if (!isHalfListed || !isRepeatable || tries === LISTING_TRIES) throw error;
      }
    }
  }

  async function runOnce(
    place: GitPlace,
    args: readonly string[],
    options: GitOptions,
  ): Promise<GitOutput> {
    const { bound_ms = QUICK_MS, signal, stdin, accepts = [] } = options;
    const folder = folderOf(place);
    const settings = (options.config ?? []).flatMap((setting) => ["-c", setting]);
    const asked = {
      program: "git",
      args: ["-C", folder, "--no-pager", ...HARDENED, ...settings, ...args],
      env: {
        ...environment(host, options.network === true),
        ...placeVariables(place, options),
        ...options.env,
      },
    };
    let end: ProgramEnd;
    try {
      const { index } = options;
      const look = { folder, index, writes: WRITERS.has(command(args)) };
      const where = typeof place === "string" ? look : { ...place, ...look };
      const held = APART.has(command(args)) ? undefined : await host.look?.(where, asked);
      end = await host.run({
        ...asked,
        ...held,
        stdin: typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin,
        heard: options.heard,
        bound_ms,
        signal,
        output_max: OUTPUT_MAX,
        take: options.take,
      });
    } catch (error) {
      throw cannotRun(error as Error);
    }
    if (end.why === "enough") return { code: 0, stdout: new Uint8Array(), stderr: "" };
    const words = `git ${args[0]}`;
    if (end.why !== "ended") {
      throw failed(words, folder, args, whyEnded(end.why, { bound_ms, output_max: OUTPUT_MAX }));
    }
    const { code, stdout } = end;
    const stderr = new TextDecoder().decode(end.stderr);
    if (code === 0 || accepts.includes(code)) return { code, stdout, stderr };
    throw failed(words, folder, args, stderr.trim() || `exit code ${code}`, code);
  }

  const text: Git["text"] = async (...call) => new TextDecoder().decode((await run(...call)).stdout);
  return {
    run,
    text,
    line: async (...call) => (await text(...call)).replace(/\r?\n$/, ""),
    fields: async (...call) => {
      const fields = (await text(...call)).split("\0");
      if (fields.at(-1) === "") fields.pop();
      return fields;
    },
  };
}

/** The command, after options of git itself. */
function command(args: readonly string[]): string {
  return args.find((arg) => !arg.startsWith("-")) ?? "";
}

function folderOf(place: GitPlace): string {
  return typeof place === "string" ? place : place.work_tree ?? place.git_dir;
}

function placeVariables(place: GitPlace, { index }: GitOptions): Record<string, string> {
  const variables: Record<string, string> = {};
  if (index !== undefined) variables.GIT_INDEX_FILE = index;
  if (typeof place === "string") return variables;
  variables.GIT_DIR = place.git_dir;
  if (place.common_dir !== undefined) variables.GIT_COMMON_DIR = place.common_dir;
  if (place.work_tree !== undefined) variables.GIT_WORK_TREE = place.work_tree;
  return variables;
}

function environment({ server_env, marks }: GitHost, usesNetwork: boolean): Record<string, string> {
  const names = [
    ...commonVariables(server_env).filter((name) => !name.startsWith("GIT_")),
    ...OWN_VARIABLES,
    ...usesNetwork ? ["SSH_AUTH_SOCK"] : [],
  ];
  const env = pickVariables(server_env, names);
  // Messages in English, and still the account's encoding: a filter may need it.
  const encoding = env.LC_ALL ?? env.LC_CTYPE;
  delete env.LC_ALL;
  if (encoding !== undefined) env.LC_CTYPE = encoding;
  return {
    ...env,
    LC_MESSAGES: "C",
    LANGUAGE: "C",
    // Looking at a repository must not write to it.
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    GCM_INTERACTIVE: "never",
    GIT_EDITOR: ":",
    GIT_SEQUENCE_EDITOR: ":",
    GIT_PAGER: "cat",
    GIT_MERGE_AUTOEDIT: "no",
    ...marks,
  };
}

function failed(
  command: string,
  folder: string,
  args: readonly string[],
  words: string,
  code?: number,
): ApiError {
  const why = words.length <= WORDS_MAX ? words : `${words.slice(0, WORDS_MAX)}…`;
  return new ApiError("FILESYSTEM_ERROR", `${command} failed in ${folder}: ${why}`, {
    operation: `git ${args.join(" ")}`.slice(0, WORDS_MAX),
    file_path: folder,
    exit_code: code,
  });
}

function cannotRun(error: Error): ApiError {
  return new ApiError("SERVICE_UNAVAILABLE", `git is needed, but it cannot be run: ${error.message}`, {
    program: "git",
    missing: ["git"],
  });
}
