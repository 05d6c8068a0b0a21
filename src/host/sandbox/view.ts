/** What an agent in a sandbox sees and may change, from what was found on the machine. Pure. */
import { join } from "node:path";
import { isInside } from "../../domain/path_inside.ts";
import type { SeenPlace } from "./mounts.ts";

/** All paths are absolute, with links resolved, and are there unless it says otherwise. */
export interface SandboxFacts {
  /** Where the agent works. */
  working_dir: string;
  /** The root of its worktree, or of the repository that its folder is in. `isOwn`: it may change all of it. */
  root?: { path: string; isOwn: boolean };
  /** The run's folder for temporary files. */
  tmp_dir: string;
  read: readonly string[];
  write: readonly string[];
  home?: HomeFacts;
  /** What the agent's make keeps, such as sessions and logins. */
  kept: KeptPlaces;
  /** The data folder. */
  data: string;
  /** The folders that tasks work in, others' too. They need not be there. */
  workplaces: readonly string[];
  /** Files with secrets of the server. In what the agent may change, it reads them, but may not replace them. */
  secret_files: readonly string[];
  /** What the agent's programs need of what is hidden. */
  programs: readonly string[];
  /** What git needs for the workspace. */
  git: readonly SeenPlace[];
  /** What is shown of /run, which has the sockets of the system's and the user's services. */
  of_run: readonly string[];
}

export type HomeFacts =
  & {
    /** The account's. */
    path: string;
  }
  & ({
    kind: "shared";
    /** The usual places of secrets. */
    secret_folders: readonly string[];
    secret_files: readonly string[];
    /** For what its programs keep to work faster. */
    caches: string;
  } | {
    kind: "own";
    /** The agent's own home. */
    own: string;
  });

/** What a make of agent keeps on the machine. */
export interface KeptPlaces {
  /** What it changes while it works. Folders end with a slash where they need not be there. */
  writes: readonly string[];
  /** What of these its program, or another, obeys outside the sandbox, such as settings. */
  guards: readonly string[];
}

/** Folders that are shown whatever is said of them: nothing would run without. */
const SYSTEM = [
  "/",
  "/usr",
  "/etc",
  "/bin",
  "/sbin",
  "/lib",
  "/lib64",
  "/opt",
  "/nix",
  "/proc",
  "/dev",
  "/sys",
];

export function placesSeen(facts: SandboxFacts): SeenPlace[] {
  const { working_dir, root, tmp_dir, data, home, kept } = facts;
  const folder = (access: SeenPlace["access"]) => (path: string): SeenPlace => ({ path, access });
  const file = (path: string): SeenPlace => ({ path, access: "hide", isFile: true });
  // Nothing that is named more broadly leads into the data folder.
  const outsideData = (path: string) => !isInside(data, path);
  return [
    { path: "/tmp", access: "write", from: tmp_dir },
    ...["/run", "/var/tmp"].map(folder("hide")),
    ...facts.of_run.map(folder("read")),
    ...facts.workplaces.filter((path) => !isTooBroad(path, home?.path)).map(folder("hide")),
    ...homePlaces(home),
    ...facts.programs.filter(outsideData).map(folder("read")),
    ...facts.read.map(folder("read")),
    ...facts.write.map(folder("write")),
    ...facts.secret_files.map((path) => isInside(working_dir, path) ? folder("guard")(path) : file(path)),
    ...root === undefined ? [] : [folder(root.isOwn ? "write" : "read")(root.path)],
    ...[working_dir, tmp_dir].map(folder("write")),
    ...kept.writes.filter(outsideData).map(folder("write")),
    ...kept.guards.map(folder("guard")),
    ...facts.git,
    folder("hide")(data),
  ];
}

/** Whether nothing would run if it were hidden. */
export function isSystem(path: string): boolean {
  return SYSTEM.includes(path);
}

/** Whether hiding it would hide the programs of the account too. */
export function isTooBroad(path: string, home: string | undefined): boolean {
  return isSystem(path) || (home !== undefined && isInside(path, home));
}

function homePlaces(home: HomeFacts | undefined): SeenPlace[] {
  if (home === undefined || isSystem(home.path)) return [];
  if (home.kind === "own") {
    return [{ path: home.path, access: "hide" }, { path: home.own, access: "write" }];
  }
  return [
    ...home.secret_folders.map((path): SeenPlace => ({ path, access: "hide" })),
    ...home.secret_files.map((path): SeenPlace => ({ path, access: "hide", isFile: true })),
    { path: home.caches, access: "write" },
  ];
}

/** The variables that lead programs to what they may write. `given`: what the agent has already. */
export function homeVariables(
  home: HomeFacts | undefined,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  if (home === undefined) return {};
  if (home.kind === "own") return { HOME: home.own };
  const caches = { XDG_CACHE_HOME: home.caches, npm_config_cache: join(home.caches, "npm") };
  return Object.fromEntries(Object.entries(caches).filter(([name]) => given[name] === undefined));
}

/** Places of a home folder where programs keep keys, passwords and logins. */
export const SECRET_PLACES = [
  ".ssh",
  ".gnupg",
  ".aws",
  ".azure",
  ".kube",
  ".docker",
  ".password-store",
  ".config/gcloud",
  ".config/gh",
  ".config/glab-cli",
  ".config/op",
  ".config/rclone",
  ".config/google-chrome",
  ".config/chromium",
  ".config/BraveSoftware",
  ".mozilla",
  ".thunderbird",
  ".local/share/keyrings",
  ".netrc",
  ".git-credentials",
  ".config/git/credentials",
  ".pypirc",
  ".pgpass",
  ".my.cnf",
  ".vault-token",
  ".bash_history",
  ".zsh_history",
  ".python_history",
  ".psql_history",
  ".node_repl_history",
  ".Xauthority",
] as const;
