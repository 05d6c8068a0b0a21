/**
 * The turns of a run, one after another. What the agent reports goes to the present one. What is of the session and not of
 * a turn is kept here: tool calls that are open, the plan that was replayed, the cost so far, the servers that do not work.
 */
import type { Clock } from "../../clock/clock.ts";
import type { Failure } from "../../domain/failure.ts";
import type { AgentMake, AgentSign, BrokenServer, WireObject } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import type { DiffReader } from "./diffs.ts";
import { OwnWorkWatch } from "./own_work.ts";
import { Replay } from "./replay.ts";
import { LONGEST_ENTRY } from "./speech.ts";
import { Transcript } from "./transcript.ts";
import type { ModelTrouble } from "./model_trouble.ts";
import { TroubleWatch } from "./trouble_watch.ts";
import { AcpTurn, isWork } from "./turn.ts";
import { cut } from "./wire_value.ts";

export interface TurnsOptions {
  clock: Clock;
  make: AgentMake;
  events: EventQueue;
  readDiffs: DiffReader;
  /** So long after its last sign of work an agent is done. */
  quiet_ms: number;
  /** Called when the agent begins a turn of itself, before what it does there is taken. */
  onOwnTurn: () => Promise<void>;
  /** Called once in a turn, when the agent would only go on to ask its model in vain. */
  giveUp: (failure: Failure, trouble: ModelTrouble) => void;
  /** Of the agent. */
  zone: string;
  /** Whether the agent stands still. */
  isPaused: () => boolean;
}

export class AcpTurns {
  readonly transcript: Transcript;
  readonly own_work: OwnWorkWatch;
  /** What a loaded session has replayed. */
  readonly replay: Replay;

  readonly #options: TurnsOptions;
  #now: AcpTurn;
  /** The names of the MCP servers that do not work. */
  readonly #broken = new Set<string>();
  /** While no turn may begin, what the agent does waits for this. */
  #held: PromiseWithResolvers<void> | undefined;

  constructor(options: TurnsOptions) {
    const { clock, make, events, readDiffs, quiet_ms, onOwnTurn } = options;
    this.#options = options;
    this.own_work = new OwnWorkWatch({ clock, quiet_ms, onBegin: onOwnTurn });
    this.transcript = new Transcript(clock, events, readDiffs, () => this.now.has_plan);
    this.replay = new Replay(make);
    this.#now = this.#newTurn();
  }

  /** The present turn, or the one that has ended last. */
  get now(): AcpTurn {
    return this.#now;
  }

  /** Another turn begins. */
  async begin(): Promise<void> {
    await this.transcript.beginTurn();
    this.#now = this.#newTurn();
  }

  /** Keeps what the agent sends from now on until `release`: it belongs to the next turn. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Takes a new update. */
  async update(update: WireObject): Promise<void> {
    await this.#held?.promise;
    await this.hear({ from: "update", update });
    if (await this.now.judge(update)) return;
    if (isWork(update)) await this.own_work.sign(update);
    await this.now.update(update);
  }

  /**
   * Takes a sign that may tell of the agent's own work, or trouble with the model or an MCP server. Returns whether it tells
   * trouble.
   */
  async hear(sign: AgentSign): Promise<boolean> {
    const { make, clock, zone } = this.#options;
    const own = make.ownWorkOf(sign);
    if (own !== undefined) {
      await this.#held?.promise;
      await this.own_work.hear(own);
    }
    const trouble = make.troubleOf(sign, { now_ms: clock.now(), zone });
    if (trouble !== undefined) await this.now.troubles.take(trouble);
    const broken = make.brokenServers(sign);
    for (const server of broken) await this.#noteBroken(server);
    return trouble !== undefined || broken.length > 0;
  }

  /** Takes an update that a loaded session replays. Only its plan is used; the rest was reported before. */
  remember(update: WireObject): void {
    this.replay.take(update);
    this.now.remember(this.replay.steps ?? []);
  }

  /** Forgets the replayed updates of a session that could not be loaded after all, and its failure. */
  forget(): void {
    this.replay.forget();
    this.now.forget();
  }

  #newTurn(): AcpTurn {
    const { clock, make, events, giveUp, zone, isPaused } = this.#options;
    const troubles = new TroubleWatch({
      clock,
      events,
      login_advice: make.login.advice,
      giveUp,
      isPaused,
    });
    return new AcpTurn({ clock, zone, make, events, transcript: this.transcript, troubles }, this.#now);
  }

  /** The agent works without it, and may say so at each prompt. */
  async #noteBroken({ name, why }: BrokenServer): Promise<void> {
    if (this.#broken.has(name)) return;
    this.#broken.add(name);
    const text = `The agent cannot use MCP server '${name}'${why === undefined ? "" : `: ${why}`}`;
    await this.#options.events.note("warn", cut(text, LONGEST_ENTRY), "acp");
  }
}
