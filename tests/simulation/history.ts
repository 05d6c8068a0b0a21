/** One history: a seed decides on the faults, on what clients ask and when, and on all that goes wrong. */
import { encode } from "../../src/store/json.ts";
import type { Store } from "../../src/store/open.ts";
import { Clients } from "./clients.ts";
import { AuditModel } from "./model_audit.ts";
import { Model } from "./model.ts";
import { LimitModel } from "./model_limits.ts";
import type { SharedSwarm } from "./shared_history.ts";
import { Random } from "./random.ts";
import { type Promised, ServerLife, type Wiring } from "./server_life.ts";
import { SimMachine } from "./sim_agents.ts";
import { type DiskPlant, NO_FAULTS, SimDisk } from "./sim_disk.ts";
import { quiet, SimTime } from "./sim_time.ts";
import { Watchers } from "./watchers.ts";
import { Trace } from "./trace.ts";

/** A bug put in on purpose. */
export interface Plant {
  name: string;
  /** What the model says of it, so that it is not found for something else. */
  finds: RegExp;
  wiring?: Wiring;
  disk?: DiskPlant;
  /** In which histories it shows most often. These are among the ordinary ones, only rarer there. */
  among?: Among;
}

type Among = Some<Swarm & SharedSwarm>;
type Some<All> = { [Group in keyof All]?: All[Group] extends object ? Partial<All[Group]> : All[Group] };

export interface Outcome {
  seed: number;
  violation: string | undefined;
  /** A digest of everything that happened. */
  digest: string;
  steps: number;
  /** The last lines of the trace. */
  trace: string[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** After the last fault everything is over by then, also what waits for a provider. */
const PATIENCE_MS = 180 * MINUTE_MS;
/** By then what was begun with the work of tasks is finished: a stalled commit takes half a minute, the next try comes within one. */
const SETTLING_MS = 180_000;
const STEPS_MAX = 20_000;

class History {
  readonly #random: Random;
  readonly #time: SimTime;
  readonly #disk: SimDisk;
  readonly #machine: SimMachine;
  readonly #model: Model;
  readonly #limits: LimitModel;
  readonly #clients: Clients;
  readonly #watchers: Watchers;
  readonly #plant: Plant | undefined;
  readonly #promised: Promised;
  readonly #swarm: Swarm;
  #life: ServerLife | undefined;
  #lives = 0;
  #steps = 0;
  #set_back_ms = 0;
  readonly #trace = new Trace();

  constructor(seed: number, plant: Plant | undefined) {
    const random = this.#random = new Random(seed);
    this.#plant = plant;
    this.#swarm = narrowed(swarm(random), plant?.among);
    this.#time = new SimTime(random);
    this.#disk = new SimDisk(this.#time, random, plant?.disk);
    this.#disk.faults = this.#swarm.disk;
    this.#machine = new SimMachine(this.#time, random, this.#swarm.agents);
    this.#promised = {
      max_concurrent: random.between(1, 4),
      exclusive_folders: random.chance(0.5),
      max_starting: random.between(1, 2),
      timeout_ms: 60_000,
      tasks_per_minute: random.pick([5, 20, 100]),
      messages_per_minute: random.pick([10, 40, 200]),
      retention_ms: random.pick([2 * DAY_MS, 30 * DAY_MS]),
      permission_park_ms: this.#swarm.park_ms,
      audited: seed % 4 === 3,
    };
    const note = (line: string) => this.#note(line);
    this.#model = new Model(this.#time, this.#machine, this.#promised, note);
    const { tasks_per_minute, messages_per_minute } = this.#promised;
    this.#limits = new LimitModel(
      { tasks_per_minute, messages_per_minute },
      (what) => this.#model.fail(what),
    );
    this.#clients = new Clients(
      random,
      this.#time,
      this.#model,
      this.#limits,
      note,
      this.#swarm.clients,
      this.#machine.repository,
    );
    this.#watchers = new Watchers(random, this.#time, this.#model, note);
    const audit = new AuditModel((what) => this.#model.fail(what));
    this.#disk.onCommit = (commit, answered) => {
      this.#model.committed(commit, answered);
      if (this.#promised.audited) audit.committed(commit);
    };
    if (this.#promised.audited) {
      this.#clients.answersFailuresLate = true;
      this.#clients.onDone = (type, target) => audit.acknowledged(type, target);
    }
    this.#machine.onTold = (id, text, session) => {
      this.#note(`told ${id} in ${session}: ${text}`);
      this.#model.messages.told(id, text, session);
      this.#model.checks.told(id, text);
    };
    this.#machine.onStart = (process) => this.#model.processStarts(process);
  }

  async run(): Promise<Omit<Outcome, "seed">> {
    // So that no identifier comes from outside.
    await this.#disk.memory.commit({
      sets: [{ key: ["meta"], value: encode({ format: 1, id: "simulated" }) }],
    });
    await this.#live();
    const moves = this.#random.between(20, 70);
    for (let i = 0; i < moves && this.#model.violation === undefined; i++) {
      await this.#pass(this.#random.between(0, this.#random.chance(0.2) ? 20_000 : 1_500));
      await this.#move();
      await this.#look();
    }
    if (this.#model.violation === undefined) await this.#comeToRest();
    await this.#crash();
    return {
      violation: this.#model.violation,
      digest: this.#trace.digest,
      steps: this.#steps,
      trace: this.#trace.lines,
    };
  }

  #note(line: string): void {
    this.#trace.note(this.#time.monotonic_ms, line);
  }

  // ---- time

  async #look(): Promise<void> {
    await quiet();
    this.#model.look();
    this.#watchers.look();
    if (this.#disk.isDeadly) {
      this.#note("died of a commit");
      await this.#crash();
    }
    // What goes round and round must not take all memory or time.
    if (++this.#steps > STEPS_MAX) this.#model.fail(`it does not come to rest in ${STEPS_MAX} steps`);
  }

  async #pass(ms: number): Promise<void> {
    const until_ms = this.#time.monotonic_ms + ms;
    while (this.#model.violation === undefined && this.#time.step(until_ms)) await this.#look();
  }

  async #move(): Promise<void> {
    const random = this.#random;
    const { crashes, clock_jumps, jump_ms, stops, watching } = this.#swarm;
    const life = this.#life;
    if (!life) return await this.#live();
    if (random.chance(crashes)) return await this.#crash();
    if (random.chance(stops)) return this.#stop(life);
    if (random.chance(clock_jumps)) {
      const by_ms = random.pick([jump_ms, jump_ms, jump_ms, 10 * MINUTE_MS, -MINUTE_MS, -10 * MINUTE_MS]);
      this.#note(`clock ${by_ms}`);
      this.#set_back_ms += Math.max(0, -by_ms);
      return this.#time.setWallClock(by_ms);
    }
    if (random.chance(watching)) return this.#watchers.act(life);
    await this.#clients.act(life, quiet);
  }

  // ---- the server

  async #live(): Promise<void> {
    const life = this.#life = new ServerLife(++this.#lives, this.#time, this.#disk, this.#machine);
    this.#note(`life ${this.#lives}`);
    this.#limits.forget();
    life.bus.listen((event) => this.#model.event(event));
    const { wiring = {} } = this.#plant ?? {};
    const watched: Wiring = {
      ...wiring,
      parts: (parts) => {
        const own = { ...parts, store: this.#watched(parts.store, life) };
        return wiring.parts?.(own) ?? own;
      },
    };
    life.start(this.#promised, watched, (store) => this.#model.loaded(store)).catch((error) => {
      this.#note(`life ${life.number} could not start: ${error.message}`);
      if (this.#life === life) this.#gone(life);
    });
    await quiet();
  }

  /** Looks at each start of a task when it is planned. */
  #watched(store: Store, life: ServerLife): Store {
    const { tasks } = store;
    const busy = new Set<string>();
    /** Their agents may not be known of yet. */
    const claimed = new Set<string>();
    const update: typeof tasks.update = async (plan, by) => {
      let isFirst = true;
      let begun: string | undefined;
      await tasks.update((view) => {
        const answer = plan(view);
        const [one] = answer.updates ?? [];
        if (
          !isFirst || !one || view.get(one.id)?.state.status !== "queued" || one.state.status !== "running"
        ) {
          return answer;
        }
        isFirst = false;
        begun = one.id;
        const agents = (life.engine?.queries.agents() ?? []).map(({ task_id }) => task_id!);
        for (const id of claimed) {
          if (agents.includes(id) || tasks.get(id)?.state.status !== "running") claimed.delete(id);
        }
        // A second try keeps its turn.
        if (!busy.has(one.id)) {
          this.#model.turnOf(one.id, store, new Set([...busy, ...claimed, ...agents]));
        }
        busy.add(one.id);
        return answer;
      }, by);
      // One that failed is tried again, in its place.
      if (begun === undefined) return;
      busy.delete(begun);
      claimed.add(begun);
    };
    const watched = {
      get: (id: string) => tasks.get(id),
      values: () => tasks.values(),
      get size() {
        return tasks.size;
      },
      get isDoubtful() {
        return tasks.isDoubtful;
      },
      update,
    };
    return Object.assign(Object.create(store), { tasks: watched });
  }

  async #crash(): Promise<void> {
    const life = this.#life;
    if (!life) return;
    this.#note("crash");
    await this.#gone(life);
  }

  async #gone(life: ServerLife): Promise<void> {
    this.#life = undefined;
    await life.crash();
    this.#disk.crash();
  }

  #stop(life: ServerLife): void {
    if (life.isStopping) return;
    this.#note("stop");
    life.stop().catch((error) => this.#model.fail(`the server could not stop: ${error.message}`)).then(() => {
      if (this.#life !== life) return;
      this.#note("stopped");
      void this.#gone(life);
    });
  }

  // ---- the end

  /** No more faults, and no more wishes: everything comes to its end by itself. */
  async #comeToRest(): Promise<void> {
    this.#note("rest");
    this.#disk.faults = NO_FAULTS;
    Object.assign(this.#machine.faults, { hangs: 0, not_started: 0, limits: 0, overloads: 0 });
    const end_ms = this.#time.monotonic_ms + PATIENCE_MS + this.#set_back_ms;
    while (this.#time.monotonic_ms < end_ms && this.#model.violation === undefined) {
      if (!this.#life) await this.#live();
      await this.#pass(5_000);
      const life = this.#life;
      // One that is being stopped is followed by another.
      if (!life?.isOpen || life.isStopping) continue;
      const paused = this.#model.unfinished.find((id) =>
        this.#model.tasks.get(id)!.state.status === "paused"
      );
      if (paused !== undefined) {
        await this.#clients.send(life, { type: "resume_task", task_id: paused }, false, quiet);
      } else if (this.#model.unfinished.length === 0 && this.#model.schedules.waiting.length === 0) break;
      else if (this.#model.work.toJudge.length > 0 && this.#random.chance(0.5)) {
        await this.#clients.judge(life, this.#random.pick(this.#model.work.toJudge), quiet);
      }
    }
    const { unfinished, schedules } = this.#model;
    for (const id of unfinished) {
      this.#model.fail(`task ${id} stays ${this.#model.tasks.get(id)!.state.status} for ever`);
    }
    for (const id of schedules.waiting) this.#model.fail(`schedule ${id} waits for ever`);
    if (unfinished.length === 0) {
      const settled_ms = this.#time.monotonic_ms + SETTLING_MS;
      do await this.#pass(5_000); while (
        this.#model.violation === undefined && this.#model.work.isOpen &&
        this.#time.monotonic_ms < settled_ms
      );
      this.#model.messages.atRest(this.#model.tasks);
      this.#model.work.atRest();
    }
    if (this.#model.violation !== undefined || !this.#life) return;
    await this.#readLog(this.#life.store!);
    this.#model.compare(this.#life.store!);
    const last = this.#life;
    this.#stop(last);
    await this.#pass(20_000);
    if (!last.isOver) this.#model.fail("the server does not end");
    if (this.#machine.processes.size > 0) this.#model.fail("an agent is left behind");
    if (this.#machine.checks.running.size > 0) this.#model.fail("a check is left behind");
    await this.#live();
    await this.#pass(5_000);
    if (this.#life?.store) await this.#readLog(this.#life.store);
  }

  /** All that was told of is still there, in its order. */
  async #readLog(store: Store): Promise<void> {
    const told = [...this.#model.log].sort(([a], [b]) => a - b).map(([, message]) => message);
    let found: string[] | undefined;
    const ask = () => {
      store.logs.query({ order: "asc", limit: 100_000 }).then(
        ({ entries }) => found = entries.map(({ message }) => message),
        (error) => {
          if (error.code === "LOG_FILE_ERROR") this.#model.fail(`log entries are lost: ${error.message}`);
          else ask();
        },
      );
    };
    ask();
    for (let i = 0; i < 30 && found === undefined; i++) await this.#pass(3_000);
    if (found === undefined) return this.#model.fail("the log cannot be read");
    // Between them may be others, whose commit was answered with an error.
    let at = 0;
    for (const message of found) if (message === told[at]) at++;
    if (at < told.length) this.#model.fail(`log entry "${told[at]}" is lost, or not in its place`);
  }
}

/** What goes wrong in this history: a few things each time, so that each is seen without the others too. */
function swarm(random: Random) {
  const some = (probability: number, value: number) => random.chance(probability) ? value : 0;
  // Some histories are about schedules that run from month to month.
  const isCalendar = random.chance(0.15);
  return {
    clients: {
      schedules: isCalendar ? 0.3 : 0,
      worktrees: some(0.5, 0.3),
      updates: 0.2,
      talks: 0.25,
      delegates: 0.2,
    },
    crashes: some(0.6, 0.06),
    stops: some(0.4, 0.04),
    clock_jumps: isCalendar ? 0.3 : some(0.4, 0.1),
    park_ms: some(0.5, random.pick([1_000, 6_000])),
    jump_ms: isCalendar ? 31 * DAY_MS : random.pick([DAY_MS, 7 * DAY_MS, 31 * DAY_MS]),
    watching: some(0.7, 0.15),
    disk: {
      refused: some(0.3, 0.08),
      lost_reply: some(0.3, 0.08),
      stalled: some(0.25, 0.03),
      latency_ms: random.pick([0, 5, 100, 2_000]),
      deadly: some(0.3, 0.7),
    },
    agents: {
      not_started: some(0.3, 0.2),
      hangs: some(0.3, 0.2),
      fails: some(0.5, 0.3),
      dies: some(0.3, 0.2),
      speaks_after_end: some(0.4, 0.5),
      stutters: some(0.3, 0.3),
      asks: some(0.3, 0.15),
      limits: some(0.3, 0.25),
      overloads: some(0.3, 0.25),
      step_ms: random.pick([100, 2_000, 8_000]),
      checks: random.chance(0.4) ? { fails: some(0.6, 0.3), hangs: some(0.3, 0.15) } : undefined,
    },
  };
}

type Swarm = ReturnType<typeof swarm>;

/** The histories in which a plant is looked for. */
export function narrowed<All extends object>(all: All, among: Among = {}): All {
  const chosen = new Map<string, unknown>(Object.entries(among));
  return Object.fromEntries(
    Object.entries(all).map(([group, value]) => {
      const some = chosen.get(group) ?? value;
      return [group, typeof value === "object" ? { ...value, ...some as object } : some];
    }),
  ) as All;
}

export async function runHistory(seed: number, plant?: Plant): Promise<Outcome> {
  return { seed, ...await new History(seed, plant).run() };
}
