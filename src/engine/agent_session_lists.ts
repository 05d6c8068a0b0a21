/** The sessions that agents keep, in folders that tasks may use. */
import type { Clock } from "../clock/clock.ts";
import type { AgentConfig } from "../domain/agent_config.ts";
import type { AgentSession } from "../domain/agent_session.ts";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import type { AgentRunner } from "../domain/agent_runner.ts";
import { bounded, joined } from "./agent_visits.ts";
import type { WorkingDirs } from "./working_dir.ts";

export interface AgentSessionListsOptions {
  clock: Clock;
  runner: AgentRunner;
  /** The configured agents by name. */
  agents: Readonly<Record<string, AgentConfig>>;
  working_dirs: Pick<WorkingDirs, "resolve">;
}

export class AgentSessionLists {
  readonly #options: AgentSessionListsOptions;
  /** Aborts when no more may be asked. */
  readonly #closing: AbortSignal;
  readonly #lists = new Map<string, Promise<AgentSession[]>>();
  /** The last visit to each agent. */
  readonly #visits = new Map<string, Promise<unknown>>();

  constructor(options: AgentSessionListsOptions, closing: AbortSignal) {
    this.#options = options;
    this.#closing = closing;
  }

  /** The lists that are being asked for. */
  get underWay(): Iterable<Promise<unknown>> {
    return this.#lists.values();
  }

  /** See `AgentDirectory.sessions`. `name`: of a configured agent. */
  async of(name: string, working_dir: string | undefined): Promise<AgentSession[]> {
    const { working_dirs } = this.#options;
    const folder = working_dir === undefined ? undefined : await working_dirs.resolve(working_dir);
    const key = JSON.stringify([name, folder]);
    return await joined(this.#lists, key, () => this.#ask(name, folder));
  }

  async #ask(name: string, folder: string | undefined): Promise<AgentSession[]> {
    const { runner, agents, clock, working_dirs } = this.#options;
    const config = agents[name];
    if (config?.protocol !== "acp" || runner.sessions === undefined) {
      const expected = "an agent that speaks ACP";
      throw fieldProblem("INVALID_FIELD_VALUE", "agent", name, expected, `Agent '${name}' keeps no sessions`);
    }
    const before = this.#visits.get(name) ?? Promise.resolve();
    const visit = bounded(clock, this.#closing, async (signal) => {
      await before;
      return await runner.sessions!(name, config, folder, signal);
    });
    const over = visit.catch(() => {
      // Whoever asked for it gets the error. The next one only waits for its end.
    });
    this.#visits.set(name, over);
    try {
      return await withAllowedFolders(await visit, working_dirs, folder);
    } finally {
      if (this.#visits.get(name) === over) this.#visits.delete(name);
    }
  }
}

/** The sessions whose folder tasks may use, of `folder` alone if one is given. */
async function withAllowedFolders(
  sessions: readonly AgentSession[],
  working_dirs: Pick<WorkingDirs, "resolve">,
  folder: string | undefined,
): Promise<AgentSession[]> {
  const allowed = new Map<string, boolean>();
  for (const { working_dir } of sessions) {
    if (allowed.has(working_dir)) continue;
    allowed.set(working_dir, await isAllowed(working_dir));
  }
  return sessions.filter(({ working_dir }) => allowed.get(working_dir));

  async function isAllowed(path: string): Promise<boolean> {
    try {
      const real = await working_dirs.resolve(path);
      return folder === undefined || real === folder;
    } catch (error) {
      if (error instanceof ApiError) return false;
      throw error;
    }
  }
}
