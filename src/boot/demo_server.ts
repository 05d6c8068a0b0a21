/** The server of `--demo`: its own folder, the built-in agent for all tasks, and tasks to show. */
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { DENO_ENV } from "../agents/supervision/reaper_process.ts";
import type { Clock } from "../clock/clock.ts";
import type { Config } from "../protocol/config.ts";
import type { Listening } from "./compose_options.ts";
import { demoConfig, playDemo } from "./demo.ts";
import { DEMO_DATA, openDemoFolder, removeDemoFolder } from "./demo_folder.ts";
import { opened, type Part } from "./parts.ts";
import { makeDemoRepository } from "./demo_repository.ts";
import { selfCommand } from "./self.ts";

const log = getLogger(["opencode-agents", "demo"]);

export interface DemoServer {
  config: Config;
  /** The data folder, unless the user names another. */
  data: string;
  /** Stops after the server. */
  folder: Part;
  /** Starts after the server. */
  player(server: Listening): Part;
}

/** `print` writes a line for the person who watches. */
export async function openDemo(
  written: Config,
  clock: Clock,
  print: (line: string) => void,
): Promise<DemoServer> {
  const folder = await openDemoFolder(clock.now());
  const agent = {
    command: selfCommand("demo-agent", ["--allow-read", "--allow-write", "--allow-env"]),
    // Without them the agent would look for its modules in another cache and download them again.
    pass_env: DENO_ENV,
  };
  const ending = new AbortController();
  const working_dir = await Deno.realPath(folder);
  const repository = await makeDemoRepository(working_dir, clock);
  return {
    config: demoConfig(written, agent, { working_dir, repository }),
    data: join(folder, DEMO_DATA),
    folder: opened("demo folder", () => removeDemoFolder(folder)),
    player: (server) => ({
      name: "demo",
      start() {
        const connection = {
          url: server.url,
          api_key: server.owner_token,
          hasRepository: repository !== undefined,
        };
        playDemo(connection, clock.now(), ending.signal, print)
          .catch((error) => log.error("The demo failed: {error}", { error }));
      },
      stop: () => ending.abort(),
    }),
  };
}
