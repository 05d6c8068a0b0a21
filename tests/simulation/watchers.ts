/**
 * Clients on the server's real connections that watch: they subscribe or follow the log, read, stall, read on, close or
 * vanish. Each must be pushed what was told since it asked, all of it that it asked for, in order and nothing else.
 */
import type { Model, Told } from "./model.ts";
import type { Random } from "./random.ts";
import type { ServerLife } from "./server_life.ts";
import type { SimTime } from "./sim_time.ts";

type Message = Record<string, unknown> & { type: string };

const WATCHERS = 2;
const LEVELS = ["debug", "info", "warn", "error"];
const STATUSES = ["pending", "queued", "running", "paused", "completed", "failed", "cancelled"];
/** What a socket that nobody reads holds: more than the server leaves to it. */
const STALLED_BYTES = 1 << 20;
const STALL_MS = 1_500;
/** Until a server learns that a client has vanished. */
const UNNOTICED_MS = 30_000;
const TOO_SLOW = 1013;
const PAGE = 1000;

/** The client's end of a connection, as much of a WebSocket as the server's part uses. */
class SimSocket {
  onopen: () => void = () => {};
  onmessage: (event: { data: string }) => void = () => {};
  onclose: () => void = () => {};
  onerror: () => void = () => {};
  isStalled = false;
  isGone = false;
  readonly #heard: (message: Message) => void;
  readonly #closed: (code: number) => void;

  constructor(heard: (message: Message) => void, closed: (code: number) => void) {
    this.#heard = heard;
    this.#closed = closed;
  }

  get bufferedAmount(): number {
    return this.isStalled ? STALLED_BYTES : 0;
  }

  send(text: string): void {
    if (!this.isGone) this.#heard(JSON.parse(text));
  }

  close(code: number): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#closed(code);
  }
}

/** One connection of a watcher, from its coming to its end. */
class Watch {
  readonly socket: SimSocket;
  readonly #model: Model;
  readonly #wants: (told: Told) => boolean;
  /** How much of what was told it has been pushed, or had no wish for. */
  #at = 0;
  #requested = 0;
  readonly #request: Message;
  #isAnswered = false;
  #hasStalled = false;
  /** By the server. */
  isClosed = false;
  /** Its request was refused, for a limit or a store that fails: it has nothing to wait for. */
  isRefused = false;

  constructor(model: Model, request: Message, wants: (told: Told) => boolean) {
    this.#model = model;
    this.#request = request;
    this.#wants = wants;
    this.socket = new SimSocket((message) => this.#hear(message), (code) => {
      this.isClosed = true;
      // What it is owed goes with it; only a slow reader is owed so much that the server gives up.
      if (code !== TOO_SLOW || !this.#hasStalled) model.fail(`a watcher was closed with ${code}`);
    });
  }

  ask(): void {
    this.#requested = this.#at = this.#model.told.length;
    this.socket.onmessage({ data: JSON.stringify(this.#request) });
  }

  stall(isStalled: boolean): void {
    this.socket.isStalled = isStalled;
    this.#hasStalled ||= isStalled;
  }

  leave(): void {
    this.socket.isGone = true;
  }

  /** Whether all has come that is to come by now. */
  look(isBehind: boolean): void {
    if (this.socket.isGone || !this.#isAnswered || this.socket.isStalled || isBehind) return;
    const missing = this.#next();
    if (missing) this.#model.fail(`a watcher was not pushed ${JSON.stringify(missing)}`);
  }

  /** The next of what was told that it wants. */
  #next(): Told | undefined {
    const { told } = this.#model;
    while (this.#at < told.length) {
      const one = told[this.#at++]!;
      if (this.#wants(one)) return one;
    }
  }

  #hear(message: Message): void {
    switch (message.type) {
      case "connection_established":
      case "rate_limit_info":
        return;
      case "error":
        this.isRefused = true;
        return;
      case "subscription_confirmed":
        this.#isAnswered = true;
        return;
      case "log_entries":
        this.#isAnswered = true;
        return this.#page((message.data as { entries: Message[] }).entries);
      default:
        this.#pushed(message);
    }
  }

  /** The page before the first push ends with what was told before it was asked for. */
  #page(entries: Message[]): void {
    const before = this.#model.told.slice(0, this.#requested).filter(this.#wants);
    const count = Math.min(before.length, entries.length);
    if (count < before.length && entries.length < PAGE) this.#model.fail("a follower's page has gaps");
    for (let i = 1; i <= count; i++) {
      const told = before.at(-i) as Extract<Told, { kind: "log" }>;
      const { level, agent, message } = entries.at(-i)!;
      if (told.message !== message || told.level !== level || told.agent !== agent) {
        return this.#model.fail(`a follower's page has ${message} in place of ${told.message}`);
      }
    }
  }

  #pushed(message: Message): void {
    if (!this.#isAnswered) this.#model.fail(`${message.type} was pushed before the reply`);
    const told = this.#next() as Record<string, unknown> | undefined;
    const seen = Object.entries(toldBy(message));
    if (!told || seen.some(([key, value]) => told[key] !== value)) {
      this.#model.fail(`a watcher was pushed ${JSON.stringify(message)} in place of ${JSON.stringify(told)}`);
    }
  }
}

/** What a push says, in the model's words. */
function toldBy(message: Message): Partial<Told> {
  const fields = message as Message & Record<string, never>;
  const { type, task_id: id, permission_id, old_status, new_status, progress, new_progress } = fields;
  const { level, agent, message: text } = fields.log ?? {} as Record<string, never>;
  switch (type) {
    case "task_status_update":
      return { kind: "status", id, from: old_status, to: new_status, progress };
    case "task_progress_update":
      return { kind: "progress", id, progress: new_progress };
    case "permission_request":
      return { kind: "permission", id, permission_id };
    case "log_entry":
      return { kind: "log", level, agent, message: text };
    default:
      throw new Error(`nobody asked for ${type}`);
  }
}

export class Watchers {
  readonly #random: Random;
  readonly #time: SimTime;
  readonly #model: Model;
  readonly #trace: (line: string) => void;
  #watches: (Watch | undefined)[] = [];
  #life: ServerLife | undefined;
  /** Connections that the server may still hold. */
  #open = new Map<Watch, { isBehind: boolean }>();

  constructor(random: Random, time: SimTime, model: Model, trace: (line: string) => void) {
    this.#random = random;
    this.#time = time;
    this.#model = model;
    this.#trace = trace;
  }

  /** One of them does something. */
  act(life: ServerLife): void {
    if (this.#life !== life) this.#begin(life);
    const which = this.#random.between(0, WATCHERS - 1);
    const watch = this.#watches[which];
    if (!watch || watch.isClosed) {
      this.#watches[which] = this.#connect(life, which);
      return;
    }
    const kinds = ["stall", "stall", "close", "vanish"] as const;
    const kind = watch.isRefused ? "close" : this.#random.pick(kinds);
    this.#trace(`watcher ${which} ${kind}`);
    if (kind === "stall") {
      watch.stall(true);
      life.clock.after(this.#random.between(1, STALL_MS), () => watch.stall(false));
      return;
    }
    this.#watches[which] = undefined;
    watch.leave();
    // Whoever vanishes does so without a word; its connection breaks some time later.
    const after_ms = kind === "close" ? 0 : this.#random.between(0, UNNOTICED_MS);
    const { onclose } = watch.socket;
    life.clock.after(after_ms, () => {
      this.#open.delete(watch);
      onclose();
    });
  }

  /** Between two steps. */
  look(): void {
    const life = this.#life;
    if (!life || life.isOver) return;
    for (const [watch, connection] of this.#open) {
      watch.look(connection.isBehind);
      if (watch.isClosed) this.#open.delete(watch);
    }
    const held = life.watching;
    if (held > this.#open.size) this.#model.fail(`${held} connections are served, of ${this.#open.size}`);
  }

  #begin(life: ServerLife): void {
    this.#life = life;
    this.#watches = [];
    this.#open = new Map();
  }

  #connect(life: ServerLife, which: number): Watch | undefined {
    const random = this.#random;
    const watch = random.chance(0.4) ? this.#follower() : this.#subscriber();
    const connection = life.connect(`watcher_${which}`, watch.socket as unknown as WebSocket);
    this.#trace(`watcher ${which} comes ${connection !== undefined}`);
    if (!connection) return undefined;
    this.#open.set(watch, connection);
    watch.socket.onopen();
    watch.ask();
    return watch;
  }

  #follower(): Watch {
    const level = this.#random.chance(0.5) ? this.#random.pick(LEVELS) : undefined;
    const filter = { follow: true, ...(level ? { level } : {}) };
    return new Watch(
      this.#model,
      { type: "request_log_entries", limit: PAGE, filter },
      (told) => told.kind === "log" && (level === undefined || told.level === level),
    );
  }

  #subscriber(): Watch {
    const random = this.#random;
    const some = <T>(of: readonly T[]) =>
      random.chance(0.5) ? of.filter(() => random.chance(0.5)) : undefined;
    const channels = ["task_status", "task_progress", "log_entries"].filter(() => random.chance(0.6));
    if (channels.length === 0) channels.push("task_status");
    const task_ids = some(Array.from({ length: 14 }, (_, i) => `t${i + 1}`));
    const statuses = some(STATUSES);
    const levels = some(LEVELS);
    const about = { ...(task_ids?.length ? { task_ids } : {}), ...(statuses?.length ? { statuses } : {}) };
    const filters = {
      ...(channels.includes("task_status") ? { task_status: about } : {}),
      ...(channels.includes("task_progress") ? { task_progress: about } : {}),
      ...(channels.includes("log_entries") && levels?.length ? { log_entries: { levels } } : {}),
    };
    const isAbout = (id: string, status: string) =>
      (!task_ids?.length || task_ids.includes(id)) && (!statuses?.length || statuses.includes(status));
    return new Watch(this.#model, { type: "subscribe_to_updates", channels, filters }, (told) => {
      switch (told.kind) {
        case "log":
          return channels.includes("log_entries") && (!levels?.length || levels.includes(told.level));
        case "progress":
          return channels.includes("task_progress") && isAbout(told.id, told.status);
        case "status":
          return channels.includes("task_status") && isAbout(told.id, told.to);
        case "permission":
          return channels.includes("task_status") && isAbout(told.id, "running");
      }
    });
  }
}
