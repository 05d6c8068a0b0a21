/** One real agent in a home of its own, with a real server and the scripted model. */
import assert from "node:assert/strict";
import { type AgentName, installed } from "../fixtures/agents.ts";
import { type ModelServer, startModelServer } from "../fixtures/model_server.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

export type Fields = Record<string, unknown>;

/** Real agents need seconds to start, and more on a machine that does other things too. */
export const PATIENCE_MS = 720_000;
/** A silent agent is ended after this time. It is longer than the slowest start, and than an agent may wait for its provider. */
const SILENCE_LIMIT_MS = 150_000;

export class World {
  readonly server: TestServer;
  readonly model: ModelServer;
  readonly agent: AgentName;
  readonly home: string;
  #socket: TestSocket;

  constructor(server: TestServer, socket: TestSocket, agent: AgentName, model: ModelServer, home: string) {
    this.server = server;
    this.model = model;
    this.agent = agent;
    this.home = home;
    this.#socket = socket;
  }

  /** Starts a task whose id is `id`. By default the agent may do what it asks for. */
  async start(id: string, prompt: string, execution: Fields = {}, more: Fields = {}): Promise<void> {
    const task = {
      id,
      type: "feature",
      priority: "high",
      description: prompt,
      execution: { permissions: "allow", ...execution },
      ...more,
    };
    const reply = await this.request({ type: "start_task", task });
    assert.equal(reply.type, "task_started", JSON.stringify(reply));
  }

  request(message: Fields): Promise<Message> {
    return this.#socket.request(message);
  }

  async task(id: string): Promise<Fields> {
    return (await this.request({ type: "get_task_status", task_id: id })).task as Fields;
  }

  /** The task, once `isSo` holds for it. Throws if it ends before. */
  async becomes(id: string, isSo: (task: Fields) => boolean): Promise<Fields> {
    let task: Fields = {};
    await until(async () => {
      task = await this.task(id);
      if (isSo(task)) return true;
      assert.ok(!hasEnded(task), `the task has ended before: ${JSON.stringify(task)}`);
      return false;
    }, PATIENCE_MS);
    return task;
  }

  /** The task, once it has ended. */
  ended(id: string): Promise<Fields> {
    return this.becomes(id, hasEnded);
  }

  /** Starts a task and waits for its end. */
  async ran(id: string, prompt: string, execution: Fields = {}, more: Fields = {}): Promise<Fields> {
    await this.start(id, prompt, execution, more);
    return await this.ended(id);
  }

  async result(id: string): Promise<Fields> {
    return (await this.request({ type: "get_task_result", task_id: id })).result as Fields;
  }

  /** The entries of the task's log, the oldest first. */
  async log(id: string): Promise<Fields[]> {
    const reply = await this.request({ type: "request_log_entries", limit: 1000, filter: { agent: id } });
    return (reply.data as { entries: Fields[] }).entries.toReversed();
  }

  /** What a file in the agent's folder holds; undefined if it is not there. */
  async file(path: string): Promise<string | undefined> {
    try {
      return (await Deno.readTextFile(`${this.server.dir}/${path}`)).trim();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Empties the agent's home, in which it keeps its sessions. */
  async forget(): Promise<void> {
    for await (const { name } of Deno.readDir(this.home)) {
      await Deno.remove(`${this.home}/${name}`, { recursive: true });
    }
  }

  /** Kills the server. The next one takes over. */
  async killServer(): Promise<void> {
    await this.server.restart("SIGKILL");
    this.#socket = await this.server.connect();
  }

  /** Waits until no process has the agent's home in its environment. */
  async nothingRuns(): Promise<void> {
    await until(async () => (await this.#processes()).length === 0, PATIENCE_MS);
  }

  async #processes(): Promise<string[]> {
    const { stdout } = await new Deno.Command("ps", { args: ["axeww", "-o", "pid=,stat=,args="] }).output();
    return new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes(`HOME=${this.home} `));
  }
}

export function hasEnded({ status }: Fields): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** Runs `body` in a world of its own, which is gone afterwards. `tasks`: more of the configuration. */
export async function withWorld(
  agent: AgentName,
  body: (world: World) => Promise<void>,
  tasks: Fields = {},
): Promise<void> {
  const model = await startModelServer();
  const home = await Deno.makeTempDir({ prefix: "oa-home-" });
  try {
    const config = {
      limits: { enabled: false },
      agents: { [agent]: await installed(agent, { model_url: model.url, home }) },
      tasks: {
        default_agent: agent,
        max_concurrent: 2,
        max_attempts: 2,
        retry_delay_ms: 100,
        unresponsive_limit_ms: SILENCE_LIMIT_MS,
        ...tasks,
      },
    };
    await withServer({ config }, async (server) => {
      const world = new World(server, await server.connect(), agent, model, home);
      await body(world);
      await world.nothingRuns();
    });
  } finally {
    await model.close();
    await Deno.remove(home, { recursive: true });
  }
}
