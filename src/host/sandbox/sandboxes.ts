/** Starts programs in sandboxes of their own: agents, and what runs on what they have written. */
import { basename, dirname, join } from "node:path";
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { isInside } from "../../domain/path_inside.ts";
import type { Sandbox } from "../../domain/sandbox.ts";
import { internalId } from "../../domain/tenant_id.ts";
import { repositoryRoot } from "../repository_root.ts";
import { runBriefly } from "../processes/brief_program.ts";
import { Bubblewrap, isRoot, refused } from "./bubblewrap.ts";
import { gitPlaces, type GitWorkspace } from "./git_places.ts";
import { type GitLook, lookPlaces } from "./git_box.ts";
import { homeFacts, madePlaces } from "./home.ts";
import { sandboxArguments } from "./mounts.ts";
import { programPlaces } from "./program_places.ts";
import { type HomeFacts, homeVariables, isSystem, isTooBroad, type KeptPlaces, placesSeen } from "./view.ts";

/** The newest folders of other tasks that are hidden one by one. */
const MOST_FOLDERS = 500;
const TRIAL_MS = 10_000;
const SHELL = "/bin/sh";
/** What programs read of /run: the addresses of name servers, and where NixOS has its programs. */
const OF_RUN = ["/run/current-system", "/run/opengl-driver", "/etc/resolv.conf"];

export interface SandboxesOptions {
  clock: Clock;
  server_env: Readonly<Record<string, string>>;
  /** The data folder, which no sandbox shows. */
  data: string;
  /** Folders that tasks work in. */
  workplaces: readonly string[];
  /** Files with secrets of the server: its configuration, the key of its certificate. */
  secret_files: readonly string[];
  /** The server's own program, for agents that start it: files and folders. */
  own_program: readonly string[];
}

export interface SandboxedRun {
  sandbox: Sandbox;
  /** The agent's name in the configuration. */
  agent_name: string;
  /** Whose task it works for: what it keeps for one tenant, no other's agent sees. */
  tenant: string;
  /** The variables that it would have without a sandbox. */
  env: Readonly<Record<string, string>>;
  /** Absolute, links resolved. */
  working_dir: string;
  /** For temporary files. */
  tmp_dir: string;
  workspace?: GitWorkspace;
  /** What its make keeps, by its variables. */
  kept?(env: Readonly<Record<string, string>>): KeptPlaces;
}

export interface SandboxedProgram {
  program: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Other programs that it starts, with their arguments. */
  others?: readonly (readonly string[])[];
}

/** A sandbox that is about to be made. */
export interface OpenSandbox {
  /** The variables inside. */
  env: Record<string, string>;
  /**
   * The program as it is started in the sandbox, which is tried before. Throws `SERVICE_UNAVAILABLE` if it cannot be made, with
   * bubblewrap's own words.
   */
  enter(program: SandboxedProgram): Promise<{ program: string; args: string[]; env: Record<string, string> }>;
}

/**
 * The last word before the program: a shell inside looks whether its folder is the one that the launcher outside has entered
 * and holds open as `FOLDER_FD`, by name and by what it is, and becomes the program.
 */
export const FOLDER_FD = 9;
const ENTER = `if [ -e /proc/self/fd/${FOLDER_FD} ]; then
  [ . -ef /proc/self/fd/${FOLDER_FD} ] || { echo "The folder $PWD was replaced after it had been checked" >&2; exit 125; }
  exec ${FOLDER_FD}<&-
fi
unset $1
shift
exec "$@"`;
/** Variables that a shell or bubblewrap sets by itself. */
const OF_THE_SHELL = ["PWD", "OLDPWD", "SHLVL"];

export class Sandboxes {
  readonly #options: SandboxesOptions;
  readonly #bubblewrap: Bubblewrap;
  readonly #worked = new Set<string>();

  constructor(options: SandboxesOptions) {
    this.#options = options;
    this.#bubblewrap = new Bubblewrap(options.clock, options.server_env.PATH);
  }

  /** Throws `SERVICE_UNAVAILABLE` if there can be no such sandbox now. */
  async require(agent_name: string, sandbox: Sandbox): Promise<void> {
    await this.#bubblewrap.path();
    await this.#named(agent_name, sandbox);
  }

  /** The folders of all tasks, which are hidden one by one where the folder of all cannot be. */
  foldersOfTasks: () => Iterable<string> = () => [];

  /** An agent in a sandbox works in this folder, or has worked there. */
  note(folder: string): void {
    this.#worked.add(folder);
  }

  /** The program git as it looks at what agents in sandboxes have written; undefined for any other folder. */
  async look(
    look: GitLook,
    { program, args, env }: SandboxedProgram,
  ): Promise<{ program: string; args: string[] } | undefined> {
    if (!this.#isWorked(look.folder)) return undefined;
    const bwrap = await this.#bubblewrap.path();
    const [data, workplaces, secret_files] = await Promise.all([
      realOf(this.#options.data),
      reals(this.#options.workplaces),
      existing(this.#options.secret_files),
    ]);
    const account = env.HOME === undefined ? undefined : await realOf(env.HOME);
    const home = account !== undefined && isSystem(account) ? undefined : account;
    const narrow = workplaces.filter((path) => !isTooBroad(path, account));
    const isBroad = (path: string) => [...narrow, account ?? "/", data].some((one) => isInside(path, one));
    const programs = await programPlaces([[program]], env.PATH ?? "", isBroad);
    const places = await lookPlaces(look, { data, workplaces: narrow, secret_files, home, programs });
    const box = sandboxArguments({ places, network: false, isRoot: isRoot(), cwd: look.folder });
    return { program: bwrap, args: [...box, program, ...args] };
  }

  #isWorked(folder: string): boolean {
    for (let at = folder;; at = dirname(at)) {
      if (this.#worked.has(at)) return true;
      if (dirname(at) === at) return false;
    }
  }

  /** Throws `SERVICE_UNAVAILABLE` if there can be no such sandbox now. */
  async open(run: SandboxedRun): Promise<OpenSandbox> {
    const { clock, server_env } = this.#options;
    const bwrap = await this.#bubblewrap.path();
    this.note(run.workspace?.root ?? run.working_dir);
    const home = await this.#homeOf(run);
    const given = { ...run.env, ...homeVariables(home, run.env), ...gitVariables(run.env) };
    return {
      env: given,
      enter: async (inner) => {
        const env = { ...inner.env, ...denoVariables(inner, server_env) };
        const places = await this.#placesOf(run, home, inner);
        const args = sandboxArguments({
          places,
          network: run.sandbox.network,
          isRoot: isRoot(),
          cwd: run.working_dir,
        });
        // Afterwards, a sandbox that cannot be made could not be told from a program that fails.
        const { code, stderr } = await runBriefly(clock, bwrap, [...args, SHELL, "-c", ":"], TRIAL_MS);
        if (code !== 0) throw refused(stderr);
        const unset = OF_THE_SHELL.filter((name) => env[name] === undefined).join(" ");
        const words = [SHELL, "-c", ENTER, "opencode-agents", unset, inner.program, ...inner.args];
        return { program: bwrap, args: [...args, ...words], env };
      },
    };
  }

  async #placesOf(run: SandboxedRun, home: HomeFacts | undefined, inner: SandboxedProgram) {
    const { sandbox, agent_name, workspace, working_dir, kept } = run;
    const { workplaces, secret_files, own_program } = this.#options;
    const { read, write } = await this.#named(agent_name, sandbox);
    const data = await realOf(this.#options.data);
    const hidden = await reals(workplaces);
    if (hidden.some((path) => isTooBroad(path, home?.path))) hidden.push(...await this.#foldersBeside(run));
    const narrow = [...hidden, ...home === undefined ? [] : [home.path], "/tmp", "/var/tmp", data];
    const isBroad = (folder: string) => narrow.some((one) => isInside(folder, one));
    const commands = [[inner.program, ...inner.args], ...inner.others ?? []];
    const isOwn = workspace?.kind === "worktree" && workspace.root !== undefined;
    const root = isOwn ? await realOf(workspace.root!) : await repositoryRoot(working_dir);
    // A home folder may be a repository, of settings for example.
    const isShown = isInside(root, working_dir) && !(home && isInside(root, home.path));
    const secrets = await existing(secret_files);
    return placesSeen({
      working_dir,
      root: isShown ? { path: root, isOwn } : undefined,
      tmp_dir: await realOf(run.tmp_dir),
      read,
      write,
      home,
      kept: await madePlaces(kept?.(inner.env) ?? { writes: [], guards: [] }),
      data,
      workplaces: hidden,
      secret_files: secrets,
      programs: [
        ...await programPlaces(commands, inner.env.PATH ?? "", isBroad),
        ...await existing(own_program),
      ],
      git: isShown ? await gitPlaces(workspace, root) : [],
      of_run: (await existing(OF_RUN)).filter((path) => isInside("/run", path)),
    });
  }

  /** Those of other tasks that are not in the task's own folder. */
  async #foldersBeside({ working_dir, workspace }: SandboxedRun): Promise<string[]> {
    const own = [working_dir, ...workspace?.root === undefined ? [] : [workspace.root]];
    const others = [...new Set(this.foldersOfTasks())].slice(-MOST_FOLDERS);
    return (await existing(others)).filter((path) => !own.some((one) => isInside(one, path)));
  }

  async #homeOf({ env, sandbox, agent_name, tenant }: SandboxedRun) {
    try {
      return await homeFacts(
        env.HOME,
        sandbox,
        join(this.#options.data, "agents", internalId(tenant, agent_name)),
      );
    } catch (error) {
      const reason = (error as Error).message;
      throw new ApiError("SERVICE_UNAVAILABLE", `No sandbox: the home folder cannot be prepared: ${reason}`, {
        agent: agent_name,
        missing: ["home"],
        reason,
      });
    }
  }

  /** What the configuration names, links resolved. Throws `SERVICE_UNAVAILABLE` for what is not there or must stay hidden. */
  async #named(agent: string, { read, write }: Sandbox): Promise<{ read: string[]; write: string[] }> {
    const data = await realOf(this.#options.data);
    const resolved = (key: string, paths: readonly string[]) =>
      Promise.all(paths.map(async (path, i) => {
        const field = `agents.${agent}.sandbox.${key}[${i}]`;
        const refuse = (why: string) =>
          new ApiError("SERVICE_UNAVAILABLE", `No sandbox: ${field}: '${path}' ${why}`, {
            agent,
            field,
            missing: [path],
          });
        const real = await Deno.realPath(path).catch((error: Error) => {
          throw refuse(
            error instanceof Deno.errors.NotFound ? "does not exist" : `cannot be used: ${error.message}`,
          );
        });
        if (isInside(data, real)) throw refuse("is in the data folder, which no agent sees");
        return real;
      }));
    return { read: await resolved("read", read), write: await resolved("write", write) };
  }
}

/** The agent's git neither tidies up the user's repository nor makes packs, which it could not write. */
function gitVariables(env: Readonly<Record<string, string>>): Record<string, string> {
  const before = Number(env.GIT_CONFIG_COUNT ?? 0);
  const start = Number.isInteger(before) && before > 0 ? before : 0;
  const settings = [["gc.auto", "0"], ["maintenance.auto", "false"], [
    "transfer.unpackLimit",
    "1000000",
  ]] as const;
  return Object.fromEntries([
    ["GIT_CONFIG_COUNT", String(start + settings.length)],
    ...settings.flatMap(([key, value], i) => [
      [`GIT_CONFIG_KEY_${start + i}`, key],
      [`GIT_CONFIG_VALUE_${start + i}`, value],
    ]),
  ]);
}

/** Deno finds its modules where the account has them, not among the agent's own caches. */
function denoVariables(
  { program, others = [], env }: SandboxedProgram,
  { DENO_DIR, XDG_CACHE_HOME, HOME }: Readonly<Record<string, string>>,
): Record<string, string> {
  const usesDeno = [[program], ...others].some(([name = ""]) => basename(name) === "deno");
  const caches = XDG_CACHE_HOME ?? (HOME && join(HOME, ".cache"));
  if (!usesDeno || env.DENO_DIR !== undefined || (DENO_DIR ?? caches) === undefined) return {};
  return { DENO_DIR: DENO_DIR ?? join(caches!, "deno") };
}

async function realOf(path: string): Promise<string> {
  return await Deno.realPath(path).catch(() => path);
}

async function reals(paths: readonly string[]): Promise<string[]> {
  return await Promise.all(paths.map(realOf));
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => Deno.realPath(path).catch(() => undefined)));
  return found.filter((path) => path !== undefined);
}
