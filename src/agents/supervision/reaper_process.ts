/** Starts the process in which `reaper.ts` runs. */
import { getLogger } from "@logtape/logtape";
import { ApiError } from "../../domain/errors.ts";
import { pickVariables } from "../../host/processes/common_variables.ts";
import { readLines } from "../reporting/lines.ts";

const log = getLogger(["opencode-agents", "agents"]);

/** The variables that a Deno program needs to find its cache and its modules. No secrets. */
export const DENO_ENV = [
  "XDG_CACHE_HOME",
  "DENO_DIR",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "NPM_CONFIG_REGISTRY",
];
const REAPER_ENV = ["PATH", "HOME", "LANG", "TMPDIR", ...DENO_ENV];

export interface Reaper {
  child: Deno.ChildProcess;
  send(line: string): void;
  closeStdin(): void;
  /** Settles when it has exited and its output is read. */
  ended: Promise<void>;
}

/** `listener` gets each line that the reaper prints. Throws `ApiError` if it cannot be started. */
export function startReaper(
  command: string[],
  server_env: Record<string, string>,
  listener: (line: string) => void,
): Reaper {
  const env = pickVariables(server_env, REAPER_ENV);
  const spawning = new Deno.Command(command[0]!, {
    args: command.slice(1),
    // The server's own folder may be gone when the reaper acts, and programs cannot start in a missing folder.
    cwd: "/",
    env,
    clearEnv: true,
    // In its own session the reaper does not get the signals of the server's terminal.
    detached: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  let child: Deno.ChildProcess;
  try {
    child = spawning.spawn();
  } catch (error) {
    throw new ApiError(
      "SERVICE_UNAVAILABLE",
      `The process that guards the agents cannot be started: ${error}`,
      {
        missing: `--allow-run=${command[0]}`,
      },
    );
  }
  const { pid } = child;
  const utf8 = new TextEncoder();
  const writer = child.stdin.getWriter();
  // Writing fails if the reaper is gone. Its successor gets everything again.
  const gone = () => {};
  return {
    child,
    send: (line) => void writer.write(utf8.encode(line + "\n")).catch(gone),
    closeStdin: () => void writer.close().catch(gone),
    ended: Promise.allSettled([
      child.status,
      readLines(child.stdout, listener),
      readLines(child.stderr, (line) => log.warn("reaper {pid}: {line}", { pid, line })),
    ]).then(() => {}),
  };
}
