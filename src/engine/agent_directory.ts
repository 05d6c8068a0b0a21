/** The agents that tasks may name: what each offers, whether it is ready, and how it did lately. */
import { recordAction } from "../store/audit/audited_action.ts";
import { isDeepStrictEqual } from "node:util";
import { getLogger } from "@logtape/logtape";
import { epochOf, isoTime } from "../clock/clock.ts";
import { type Actor, SERVER } from "../domain/actor.ts";
import type { AgentSession } from "../domain/agent_session.ts";
import { type AgentOffer, offerAfter, type OfferNews } from "../domain/agent_offer.ts";
import { ApiError } from "../domain/errors.ts";
import { unknownAgent } from "../domain/unknown_agent.ts";
import type { AgentProgram } from "../domain/agent_runner.ts";
import type { ConfiguredAgent, ListedAgent } from "../protocol/basic_messages.ts";
import type { AgentHistory } from "../read/agent_history.ts";
import type { AgentHolds } from "./holds/agent_holds.ts";
import { AgentSessionLists, type AgentSessionListsOptions } from "./agent_session_lists.ts";
import type { Sandboxes } from "../host/sandbox/sandboxes.ts";
import { obstacleToSandbox } from "./sandbox_obstacle.ts";
import { bounded, joined } from "./agent_visits.ts";
import type { NoSpec } from "../store/record_kinds.ts";
import type { RecordStore } from "../store/record_store.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** News that are not new are stored this often, so that the time of the last look is about right. */
const STORED_EVERY_MS = 3_600_000;

/** Where the login of an agent with a home of its own must be. */
const OWN_HOME = "In its sandbox it has a home folder of its own, where it must log in: see docs/sandbox.md.";

export interface AgentDirectoryOptions extends AgentSessionListsOptions {
  listed: readonly ConfiguredAgent[];
  offers: Pick<RecordStore<NoSpec, AgentOffer>, "get" | "values" | "update">;
  history: AgentHistory;
  holds: Pick<AgentHolds, "places" | "release" | "clear">;
  /** Why no agent can be started now, if so. */
  cannotRun(): ApiError | undefined;
  /** Absent: there are no sandboxes. */
  sandboxes?: Pick<Sandboxes, "require">;
}

export class AgentDirectory {
  readonly #options: AgentDirectoryOptions;
  readonly #probes = new Map<string, Promise<ListedAgent>>();
  readonly #closing = new AbortController();
  readonly #sessions: AgentSessionLists;

  constructor(options: AgentDirectoryOptions) {
    this.#options = options;
    this.#sessions = new AgentSessionLists(options, this.#closing.signal);
  }

  /** Forgets what is known of agents that are no longer configured. */
  async clear(): Promise<void> {
    const { offers, agents, holds } = this.#options;
    await holds.clear();
    const gone = () => [...offers.values()].map(({ id }) => id).filter((id) => !Object.hasOwn(agents, id));
    await offers.update(() => ({ removes: gone() }), SERVER);
  }

  list(): Promise<ListedAgent[]> {
    return Promise.all(this.#options.listed.map((agent) => this.#view(agent)));
  }

  /**
   * Starts the agent, opens a session, and ends it. Resolves to what is then known of it, also if it could not be
   * started; then `problem` says why. A probe of the same agent that is under way is joined. Throws at once
   * `INVALID_FIELD_VALUE` for an unknown agent, and `SERVICE_UNAVAILABLE` if no agent can be started.
   */
  probe(name: string): Promise<ListedAgent> {
    const { listed, cannotRun } = this.#options;
    const agent = requireAgent(name, listed);
    const obstacle = cannotRun();
    if (obstacle) throw obstacle;
    return joined(this.#probes, name, async () => {
      await recordAction();
      return await this.#probe(agent);
    });
  }

  /**
   * The sessions that the agent keeps, in folders that tasks may use: of `working_dir`, or of all. The same question under
   * way is joined; others about the same agent come one after another. Throws `INVALID_FIELD_VALUE` for an unknown agent,
   * one without a list, and a folder that is not allowed, and `SERVICE_UNAVAILABLE` if the agent gives no list.
   */
  async sessions(name: string, working_dir: string | undefined): Promise<AgentSession[]> {
    const { listed, cannotRun } = this.#options;
    requireAgent(name, listed);
    const obstacle = cannotRun();
    if (obstacle) throw obstacle;
    return await this.#sessions.of(name, working_dir);
  }

  /**
   * The agent need not wait for its provider any longer: a person knows better. Returns whether it did. Throws
   * `INVALID_FIELD_VALUE` for an unknown agent.
   */
  release(name: string, by: Actor): Promise<boolean> {
    const { listed, holds } = this.#options;
    requireAgent(name, listed);
    return holds.release(name, by);
  }

  /** Takes what an agent at work has shown. */
  note(name: string, news: OfferNews): void {
    void this.#store(name, news);
  }

  /** Ends the probes under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled([...this.#probes.values(), ...this.#sessions.underWay]);
  }

  async #probe(agent: ConfiguredAgent): Promise<ListedAgent> {
    const { runner, agents, clock } = this.#options;
    const { name, protocol } = agent;
    const config = agents[name];
    const program = await this.#look(name);
    if (config === undefined || !program.installed || protocol === "command") {
      return await this.#view(agent, program);
    }
    const stored: Promise<void>[] = [];
    const found = (news: OfferNews) => void stored.push(this.#store(name, news));
    let problem: string | undefined;
    try {
      problem = await bounded(
        clock,
        this.#closing.signal,
        (signal) => runner.probe?.(name, config, found, signal) ?? Promise.resolve(undefined),
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      problem = error.message;
    }
    await Promise.all(stored);
    return { ...await this.#view(agent, program), problem };
  }

  async #store(name: string, news: OfferNews): Promise<void> {
    const { offers, clock } = this.#options;
    try {
      await offers.update(() => {
        const known = offers.get(name)?.state;
        const state = offerAfter(known, news, isoTime(clock.now()));
        if (known === undefined) return { creates: [{ id: name, spec: {}, state }] };
        const isOld = clock.now() - epochOf(known.found_at) >= STORED_EVERY_MS;
        if (!isOld && isDeepStrictEqual({ ...state, found_at: known.found_at }, known)) return {};
        return { updates: [{ id: name, state }] };
      }, SERVER);
    } catch (error) {
      // It is found again at the next start.
      log.warn("What agent {name} offers was not stored: {error}", { name, error });
    }
  }

  async #look(name: string): Promise<AgentProgram> {
    const { runner, agents } = this.#options;
    const config = agents[name];
    const found = config && await runner.look?.(config);
    return found ?? { installed: true, install_advice: "", login_advice: "" };
  }

  async #sandboxProblem({ name, sandbox }: ConfiguredAgent): Promise<string | undefined> {
    if (sandbox === undefined) return undefined;
    return (await obstacleToSandbox(this.#options.sandboxes, name, sandbox))?.message;
  }

  async #view(agent: ConfiguredAgent, program?: AgentProgram): Promise<ListedAgent> {
    const { offers, history, holds } = this.#options;
    const { name } = agent;
    const hold = holds.places.heldOf(name);
    const models = holds.places.heldModelsOf(name).map(({ model = "", until, reason }) => ({
      model,
      until,
      reason,
    }));
    const { make, installed, install_advice, login_advice } = program ?? await this.#look(name);
    const offer = offers.get(name)?.state ?? { login: "unknown" as const, accepts: [] };
    const sandbox_problem = await this.#sandboxProblem(agent);
    const login_todo = agent.sandbox?.home === "own" ? `${login_advice} ${OWN_HOME}` : login_advice;
    const todo = !installed
      ? install_advice
      : sandbox_problem ?? (offer.login === "needed" ? login_todo : "");
    return {
      ...agent,
      make,
      installed,
      ...offer,
      ...history.of(name),
      sandbox_problem,
      held_until: hold?.until,
      held_reason: hold?.reason,
      held_models: models.length > 0 ? models : undefined,
      todo: todo === "" ? undefined : todo,
    };
  }
}

/** Throws `INVALID_FIELD_VALUE` if no agent has this name. */
function requireAgent(name: string, listed: readonly ConfiguredAgent[]): ConfiguredAgent {
  const agent = listed.find((one) => one.name === name);
  if (agent !== undefined) return agent;
  const names = listed.map((one) => one.name);
  throw unknownAgent("agent", name, names);
}
