/** The Deno permissions that `serve` needs for one configuration, and no others. */
import { join, resolve } from "node:path";
import type { ServeFlags } from "../src/boot/config_file.ts";
import type { Config } from "../src/protocol/config.ts";

export interface Surroundings {
  /** The data folder if neither the flags nor the configuration name one. */
  data_dir: string;
  temp_dir: string;
  /** The folder with the dashboard's files. */
  dashboard: string;
  /** The base of relative paths in the flags. */
  cwd: string;
  /** The Deno that runs the reaper and the demo agent. */
  deno: string;
  isOnPath(program: string): boolean;
  /** The path with symbolic links resolved, as far as it exists. */
  realPath(path: string): string;
}

export interface Permissions {
  /** The permission flags for `deno run`. */
  flags: string[];
  /** Programs of configured agents that are not installed, so they cannot be allowed. */
  not_found: string[];
}

/** What the monitor and the default number of slots query through `Deno` and `node:os`. */
const SYSTEM_FIGURES = "hostname,osRelease,osUptime,loadavg,networkInterfaces,systemMemoryInfo,cpus,statfs";
/** Supervision lists and signals processes. Worktrees need git; network counters need `ip` or `netstat`. */
const OWN_PROGRAMS = ["ps", "kill", "git", ...(Deno.build.os === "darwin" ? ["netstat"] : ["pwdx", "ip"])];

/** The permissions of a server with this configuration. `base`: the base of its relative paths. */
export function permissionsFor(
  { config, base }: { config: Config; base: string },
  flags: ServeFlags,
  at: Surroundings,
): Permissions {
  const data = flags.data ?? config.store.path ?? (flags.demo ? undefined : at.data_dir);
  const written = [
    ...(data === undefined ? [] : [resolve(at.cwd, data)]),
    // The server makes a temporary folder for the demo.
    ...(flags.demo ? [at.temp_dir] : []),
  ];
  const { tls } = config.server;
  const read = [
    ...written,
    at.dashboard,
    ...(flags.config === undefined ? [] : [resolve(at.cwd, flags.config)]),
    ...(tls ? [resolve(base, tls.cert), resolve(base, tls.key)] : []),
    // Agents write there. The server only resolves paths.
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

/** Commas separate values, so a comma inside a value is doubled. */
function named(permission: string, values: string[]): string {
  return `--allow-${permission}=${unique(values).map((value) => value.replaceAll(",", ",,")).join(",")}`;
}

function unique(values: string[]): string[] {
  return [...new Set(values)];
}

/** Whether `program`, a name or a path, exists. `path`: the folders of PATH. */
export function isProgram(program: string, path: string[], isFile: (path: string) => boolean): boolean {
  return program.includes("/") ? isFile(program) : path.some((folder) => isFile(join(folder, program)));
}
