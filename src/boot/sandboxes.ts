/** Wires the sandboxes of agents: what of this server and of its tasks they hide. */
import { dirname, join, resolve } from "node:path";
import type { Clock } from "../clock/clock.ts";
import { Sandboxes } from "../host/sandbox/sandboxes.ts";
import type { Config } from "../protocol/config.ts";
import { OWN_FOLDER } from "./self.ts";

export interface SandboxOptions {
  clock: Clock;
  config: Config;
  /** The folder that relative paths in the configuration start from. */
  base: string;
  /** The data folder. */
  folder: string;
  /** The server's variables. */
  env: Readonly<Record<string, string>>;
  /** The configuration's file, if there is one. */
  file: string | undefined;
}

export function openSandboxes({ clock, config, base, folder, env, file }: SandboxOptions): Sandboxes {
  const { tasks, projects, tenants, server: { tls } } = config;
  const { DENO_DIR, XDG_CACHE_HOME, HOME } = env;
  const caches = XDG_CACHE_HOME ?? (HOME && join(HOME, ".cache"));
  const deno = DENO_DIR ?? (caches && join(caches, "deno"));
  const files = [file, tls?.key, config.store.token_file];
  return new Sandboxes({
    clock,
    server_env: env,
    data: resolve(folder),
    workplaces: [
      ...tasks.allowed_dirs.map((dir) => resolve(base, dir)),
      ...Object.values(projects).map(({ path }) => path),
      ...Object.values(tenants).flatMap(({ allowed_dirs = [] }) =>
        allowed_dirs.map((dir) => resolve(base, dir))
      ),
    ],
    secret_files: files.filter((path) => path !== undefined).map((path) => resolve(path)),
    own_program: [OWN_FOLDER, dirname(Deno.execPath()), ...deno === undefined ? [] : [deno]],
  });
}
