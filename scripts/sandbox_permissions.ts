/** What `serve` needs to be allowed, and no more, for one configuration. */
import { join, resolve } from "node:path";
import type { ServeFlags } from "../src/boot/config_file.ts";
import type { Config } from "../src/protocol/config.ts";

export interface Surroundings {
  /** The data folder when neither the flags nor the configuration name one. */
  data_dir: string;
  temp_dir: string;
  /** The folder with the web page's files. */
  dashboard: string;
  /** What the paths of the flags are relative to. */
  cwd: string;
  /** The Deno that runs the reaper and the demo's agent. */
  deno: string;
  isOnPath(program: string): boolean;
  /** The path with symbolic links resolved, as far as it exists. */
  realPath(path: string): string;
}

export interface Permissions {
  /** For `deno run`. */
  flags: string[];
  /** Programs of configured agents that are not installed, so that permission for them could not be given. */
  not_found: string[];
}

/** Of `Deno` and `node:os`: what the monitor and the number of slots are computed from. */
const SYSTEM_FIGURES = "hostname,osRelease,osUptime,loadavg,networkInterfaces,systemMemoryInfo,cpus,statfs";
/** Supervision lists and signals processes; `isolation: "worktree"` needs git, network counters `ip` or `netstat`. */
const OWN_PROGRAMS = ["ps", "kill", "git", ...(Deno.build.os === "darwin" ? ["netstat"] : ["pwdx", "ip"])];

/** The permissions of a server with this configuration; `base`: what its relative paths start from. */
export function permissionsFor(
  { config, base }: { config: Config; base: string },
  flags: ServeFlags,
  at: Surroundings,
): Permissions {
  const data = flags.data ?? config.store.path ?? (flags.demo ? undefined : at.data_dir);
  const written = [
    ...(data === undefined ? [] : [resolve(at.cwd, data)]),
    // The demo works in a temporary folder, which the server makes.
    ...(flags.demo ? [at.temp_dir] : []),
  ];
  const { tls } = config.server;
  const read = [
    ...written,
    at.dashboard,
    ...(flags.config === undefined ? [] : [resolve(at.cwd, flags.config)]),
    ...(tls ? [resolve(base, tls.cert), resolve(base, tls.key)] : []),
    // Agents write there, not the server: it only looks where a path leads.
    ...[config.tasks.working_dir, ...config.tasks.allowed_dirs].map((dir) => resolve(base, dir)),
  ];
  const agents = Object.values(config.agents).map(({ command }) => command[0]!);
  const programs = unique([...OWN_PROGRAMS, ...agents]);
  return {
    flags: [
      named("net", hosts(config)),
      named("read", withReal(read, at)),
      named("write", withReal(written, at)),
      named("run", [...programs.filter(at.isOnPath), at.deno]),
      "--allow-env",
      `--allow-sys=${SYSTEM_FIGURES}`,
    ],
    not_found: programs.filter((program) => !at.isOnPath(program)),
  };
}

function hosts({ server: { host, port }, store }: Config): string[] {
  const address = host.includes(":") ? `[${host}]` : host;
  const listening = port === 0 ? address : `${address}:${port}`;
  return store.url === undefined ? [listening] : [listening, new URL(store.url).host];
}

function withReal(paths: string[], { realPath }: Surroundings): string[] {
  return paths.flatMap((path) => [path, realPath(path)]);
}

/** A comma inside a value is doubled, since commas separate them. */
function named(permission: string, values: string[]): string {
  return `--allow-${permission}=${unique(values).map((value) => value.replaceAll(",", ",,")).join(",")}`;
}

function unique(values: string[]): string[] {
  return [...new Set(values)];
}

/** Whether `program`, a name or a path, is there to be run; `path`: the folders of PATH. */
export function isProgram(program: string, path: string[], isFile: (path: string) => boolean): boolean {
  return program.includes("/") ? isFile(program) : path.some((folder) => isFile(join(folder, program)));
}
