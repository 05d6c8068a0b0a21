/**
 * One history of two nodes on one store: a seed decides on the faults, on what clients ask and of whom, and on all that
 * goes wrong. Nodes crash, stand still for longer than their lease, lose their connection, and have clocks that differ.
 */
import { encode } from "../../src/store/json.ts";
import { Clients } from "./clients.ts";
import { narrowed, type Outcome, type Plant } from "./history.ts";
import { Model } from "./model.ts";
import { LimitModel } from "./model_limits.ts";
import { Random } from "./random.ts";
import { type Promised, ServerLife } from "./server_life.ts";
import { SharedModel } from "./shared_model.ts";
import { SimMachine } from "./sim_agents.ts";
import { NO_FAULTS, SimDisk, type SimPort } from "./sim_disk.ts";
import { quiet, SimTime } from "./sim_time.ts";
import { Trace } from "./trace.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** After the last fault everything is over by then. */
const PATIENCE_MS = 30 * MINUTE_MS;
const STEPS_MAX = 20_000;
const LEASE_MS = 15_000;
const POLL_MS = 5_000;

interface Node {
  name: string;
  machine: SimMachine;
  /** Behind the time of the simulation, which is the latest that any clock shows. */
  ahead_ms: number;
  life: ServerLife | undefined;
  paused_ms: number;
}

class SharedHistory {
  readonly #random: Random;
  readonly #time: SimTime;
  readonly #disk: SimDisk;
  readonly #nodes: Node[];
  /** Whose they are, also when their node is gone and something of it is still on its way. */
  readonly #ports = new Map<SimPort, string>();
  readonly #model: Model;
  readonly #shared: SharedModel;
  readonly #clients: Clients;
  readonly #promised: Promised;
  readonly #plant: Plant | undefined;
  readonly #swarm: SharedSwarm;
  #lives = 0;
  #steps = 0;
  readonly #trace = new Trace();

  constructor(seed: number, plant: Plant | undefined) {
    const random = this.#random = new Random(seed);
    this.#plant = plant;
    this.#swarm = narrowed(swarm(random), plant?.among);
    const time = this.#time = new SimTime(random);
    this.#disk = new SimDisk(time, random, plant?.disk);
    this.#disk.faults = this.#swarm.disk;
    this.#nodes = ["north", "south"].map((name) => ({
      name,
      machine: new SimMachine(time, random, { ...this.#swarm.agents }),
      ahead_ms: -random.pick([0, 1_000, 10 * MINUTE_MS]),
      life: undefined,
      paused_ms: 0,
    }));
    this.#promised = {
      max_concurrent: random.between(1, 3),
      exclusive_folders: random.chance(0.5),
      max_starting: 2,
      timeout_ms: MINUTE_MS,
      tasks_per_minute: 100_000,
      messages_per_minute: 100_000,
      retention_ms: 30 * DAY_MS,
    };
    const note = (line: string) => this.#note(line);
    this.#model = new Model(time, this.#nodes[0]!.machine, this.#promised, note, true);
    this.#shared = new SharedModel(this.#model);
    const limits = new LimitModel({}, (what) => this.#model.fail(what));
    // A worktree is only on its node.
    const habits = { schedules: 0, worktrees: 0, updates: 0, talks: 0.25, delegates: 0.2 };
    const { repository } = this.#nodes[0]!.machine;
    this.#clients = new Clients(random, time, this.#model, limits, note, habits, repository, true);
    this.#disk.onCommit = (commit, answered, port) => {
      this.#shared.committed(commit, this.#ports.get(port)!);
      this.#model.committed(commit, answered);
    };
    this.#model.checks.watch(this.#nodes[1]!.machine.checks);
    for (const { machine } of this.#nodes) {
      machine.onStart = (process) => {
        note(`process ${process.task_id} #${process.attempt}`);
        this.#shared.processStarts(process, machine, this.#nodes.map(({ machine }) => machine));
      };
    }
  }

  async run(): Promise<Omit<Outcome, "seed">> {
    await this.#disk.memory.commit({
      sets: [{ key: ["meta"], value: encode({ format: 1, id: "simulated" }) }],
    });
    for (const node of this.#nodes) await this.#live(node);
    const moves = this.#random.between(15, 50);
    for (let i = 0; i < moves && this.#model.violation === undefined; i++) {
      await this.#pass(this.#random.between(0, this.#random.chance(0.2) ? 20_000 : 1_500));
      await this.#move();
      await this.#look();
    }
    if (this.#model.violation === undefined) await this.#comeToRest();
    for (const node of this.#nodes) await this.#gone(node);
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

  async #look(): Promise<void> {
    await quiet();
    // What goes round and round must not take all memory or time.
    if (++this.#steps > STEPS_MAX) this.#model.fail(`it does not come to rest in ${STEPS_MAX} steps`);
  }

  async #pass(ms: number): Promise<void> {
    const until_ms = this.#time.monotonic_ms + ms;
    while (this.#model.violation === undefined && this.#time.step(until_ms)) await this.#look();
  }

  #isAwake({ paused_ms }: Node): boolean {
    return paused_ms <= this.#time.monotonic_ms;
  }

  async #move(): Promise<void> {
    const random = this.#random;
    const { crashes, stops, pauses, cuts } = this.#swarm;
    const node = random.pick(this.#nodes);
    const { life, name } = node;
    if (!life) return random.chance(0.3) ? await this.#live(node) : undefined;
    if (random.chance(crashes)) {
      this.#note(`crash ${name}`);
      return await this.#gone(node);
    }
    if (!this.#isAwake(node)) return;
    if (random.chance(pauses)) {
      const ms = random.between(1_000, 3 * LEASE_MS);
      this.#note(`pause ${name} ${ms}`);
      node.paused_ms = this.#time.monotonic_ms + ms;
      return life.pause(ms);
    }
    if (random.chance(cuts)) {
      const ms = random.between(1_000, 3 * LEASE_MS);
      this.#note(`cut ${name} ${ms}`);
      return life.port.cut(ms);
    }
    if (random.chance(stops)) return this.#stop(node, life);
    await this.#clients.act(life, quiet);
  }

  // ---- the nodes

  async #live(node: Node): Promise<void> {
    const { name, machine, ahead_ms } = node;
    const life = node.life = new ServerLife(++this.#lives, this.#time, this.#disk, machine, ahead_ms);
    this.#ports.set(life.port, name);
    this.#note(`life ${life.number} of ${name}`);
    const sharing = { node: name, lease_ms: LEASE_MS, poll_ms: POLL_MS };
    const { wiring = {} } = this.#plant ?? {};
    life.start(this.#promised, wiring, (store) => this.#shared.loaded(store, name), sharing).catch(
      (error) => {
        this.#note(`life ${life.number} could not start: ${error.message}`);
        if (node.life === life) void this.#gone(node);
      },
    );
    await quiet();
  }

  async #gone(node: Node): Promise<void> {
    const { life } = node;
    if (!life) return;
    node.life = undefined;
    node.paused_ms = 0;
    this.#shared.gone(node.name);
    await life.crash();
  }

  #stop(node: Node, life: ServerLife): void {
    if (life.isStopping) return;
    this.#note(`stop ${node.name}`);
    life.stop().catch((error) => this.#note(`${node.name} could not stop: ${error.message}`)).then(() => {
      if (node.life === life) void this.#gone(node);
    });
  }

  // ---- the end

  /** No more faults, and no more wishes: everything comes to its end by itself. */
  async #comeToRest(): Promise<void> {
    this.#note("rest");
    this.#disk.faults = NO_FAULTS;
    for (const { machine } of this.#nodes) {
      Object.assign(machine.faults, { hangs: 0, not_started: 0, limits: 0, overloads: 0 });
    }
    const end_ms = this.#time.monotonic_ms + PATIENCE_MS;
    while (this.#time.monotonic_ms < end_ms && this.#model.violation === undefined) {
      for (const node of this.#nodes) if (!node.life) await this.#live(node);
      await this.#pass(5_000);
      if (this.#nodes.some(({ life }) => !life?.isOpen || life.isStopping)) continue;
      const { life } = this.#random.pick(this.#nodes);
      const paused = this.#model.unfinished.find((id) =>
        this.#model.tasks.get(id)!.state.status === "paused"
      );
      if (paused !== undefined) {
        await this.#clients.send(life!, { type: "resume_task", task_id: paused }, false, quiet);
      } else if (this.#model.schedules.known.size > 0) {
        const [task_id] = this.#model.schedules.known.keys();
        await this.#clients.send(life!, { type: "unschedule_task", task_id }, false, quiet);
      } else if (this.#model.unfinished.length === 0) break;
    }
    for (const id of this.#model.unfinished) {
      this.#model.fail(`task ${id} stays ${this.#model.tasks.get(id)!.state.status} for ever`);
    }
    if (this.#model.violation !== undefined) return;
    // Until all are awake and connected, and have heard of everything.
    await this.#pass(3 * LEASE_MS);
    for (let changes = -1; changes !== this.#shared.changes && this.#time.monotonic_ms < end_ms;) {
      changes = this.#shared.changes;
      await this.#pass(4 * POLL_MS);
    }
    await this.#agree();
  }

  /** Both nodes know the same, which is what is on the disk. */
  async #agree(): Promise<void> {
    const read: string[][] = [];
    for (const { life, name } of this.#nodes) {
      const store = life?.store;
      if (!store || !life?.isOpen) return this.#model.fail(`${name} does not come back`);
      this.#model.compare(store);
      this.#shared.compare(name);
      read.push(await this.#readLog(life));
    }
    const [north, south] = read;
    if (JSON.stringify(north) !== JSON.stringify(south)) {
      const at = north!.findIndex((line, i) => line !== south![i]);
      this.#model.fail(`the logs differ: ${north!.length} entries and ${south!.length}, from ${at} on`);
    }
    this.#shared.compareLog(north!);
  }

  /** All pages of the log, as one node reads it. */
  async #readLog({ store }: ServerLife): Promise<string[]> {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const asked = store!.logs.query({ order: "asc", limit: 7, cursor });
      let page: Awaited<typeof asked> | undefined;
      asked.then((answer) => page = answer, (error) => this.#model.fail(`the log: ${error.message}`));
      for (let i = 0; i < 20 && !page && this.#model.violation === undefined; i++) await this.#pass(100);
      if (!page) break;
      found.push(...page.entries.map(({ time, agent, message }) => `${time} ${agent} ${message}`));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    return found;
  }
}

function swarm(random: Random) {
  const some = (probability: number, value: number) => random.chance(probability) ? value : 0;
  return {
    crashes: some(0.6, 0.06),
    stops: some(0.3, 0.04),
    pauses: some(0.6, 0.08),
    cuts: some(0.6, 0.08),
    disk: {
      refused: some(0.2, 0.05),
      lost_reply: some(0.2, 0.05),
      stalled: some(0.15, 0.02),
      latency_ms: random.pick([0, 5, 100, 1_000]),
      deadly: 0,
    },
    agents: {
      not_started: some(0.2, 0.1),
      hangs: some(0.2, 0.1),
      fails: some(0.5, 0.3),
      dies: some(0.2, 0.1),
      speaks_after_end: some(0.4, 0.5),
      stutters: some(0.3, 0.3),
      asks: some(0.3, 0.15),
      limits: some(0.2, 0.25),
      overloads: some(0.2, 0.25),
      step_ms: random.pick([100, 2_000, 8_000]),
      checks: random.chance(0.4) ? { fails: some(0.6, 0.3), hangs: some(0.3, 0.15) } : undefined,
    },
  };
}

export type SharedSwarm = ReturnType<typeof swarm>;

export async function runSharedHistory(seed: number, plant?: Plant): Promise<Outcome> {
  return { seed, ...await new SharedHistory(seed, plant).run() };
}
