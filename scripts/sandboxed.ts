/**
 * `deno task start:sandboxed [ARGS]`: the server, allowed only the hosts, folders and programs that its configuration
 * needs. Programs are resolved once, at the start: an agent that is installed later is refused until the next start.
 */
import { tmpdir } from "node:os";
import manifest from "../deno.json" with { type: "json" };
import { loadConfig, type ServeFlags } from "../src/boot/config_file.ts";
import { dataDir } from "../src/cli/data_dir.ts";
import { storeFiles } from "../src/boot/store_files.ts";
import type { Handlers } from "../src/boot/handlers.ts";
import { runProgram } from "../src/boot/program.ts";
import { isProgram, type Permissions, permissionsFor } from "./sandbox_permissions.ts";
import { PROGRAM } from "./program_bundle.ts";
import { ROOT } from "./root.ts";
import { PLAIN_FLAGS } from "./start_flags.ts";

/** Reads the same flags and file as the server, and works out the permissions. */
async function computed(flags: ServeFlags): Promise<Permissions> {
  const path = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return permissionsFor(await loadConfig(flags), flags, {
    get data_dir() {
      return dataDir();
    },
    temp_dir: tmpdir(),
    dashboard: `${ROOT}dist/dashboard`,
    cwd: Deno.cwd(),
    deno: Deno.execPath(),
    isOnPath: (program) => isProgram(program, path, isFile),
    realPath: orItself(Deno.realPathSync),
  });
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Whatever the reason, the program cannot run.
    return false;
  }
}

function orItself(realPath: (path: string) => string): (path: string) => string {
  return (path) => {
    try {
      return realPath(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return path;
      throw error;
    }
  };
}

async function serve(flags: ServeFlags): Promise<number> {
  const permissions = await computed(flags);
  console.error(`permissions: ${permissions.flags.join(" ")}`);
  if (permissions.not_found.length > 0) {
    console.error(`not on PATH, so not allowed: ${permissions.not_found.join(", ")}`);
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      ...PLAIN_FLAGS,
      ...permissions.flags,
      `${ROOT}${PROGRAM}`,
      "serve",
      ...Deno.args,
    ],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
    // In its own process group: otherwise Ctrl-C would reach it twice, and a second signal means "at once".
    detached: true,
  }).spawn();
  // Its own process group does not get the terminal's hangup, so that is passed on, too.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => child.kill(signal));
  }
  return (await child.status).code;
}

const handlers: Handlers = {
  version: manifest.version,
  serve,
  store: storeFiles,
  mcp: async (flags, cli) => (await import("../src/boot/mcp_stdio.ts")).serveMcp(flags, cli),
};
Deno.exit(await runProgram(["serve", ...Deno.args], handlers));
