/**
 * Tells people what happens. What is to be told is stored before anybody is told, and stays until it was delivered: at least
 * once, under one id, for a day.
 */
import { getLogger } from "@logtape/logtape";
import { type Clock, epochOf, isoTime, type Timer } from "../clock/clock.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { aboutOf, bounded, type Happening, type Notice } from "../domain/notice.ts";
import { noticeWords } from "../domain/notice_words.ts";
import { isTold, type NotificationTarget } from "../domain/notification.ts";
import type { RunProgram } from "../host/processes/contained_program.ts";
import type { NotificationTested, NotificationView } from "../protocol/notification_messages.ts";
import type { Outbox, OutboxItem, TargetState } from "../store/outbox.ts";
import type { Alongside } from "../store/record_store.ts";
import type { Carried, Parcel } from "./carrier.ts";
import { carry } from "./carriers.ts";
import { Lanes, waitAfter } from "./lanes.ts";

const log = getLogger(["opencode-agents", "notify"]);

const DAY_MS = 86_400_000;
/** The most notices that wait for one target. Of more, the oldest are given up. */
const WAITING_MAX = 2_000;
/** The most notices in the commit of the change that they tell of. Further ones follow in commits of their own. */
const IN_COMMIT_MAX = 50;
const LOOK_AGAIN_MS = 30_000;
/** How many are forgotten in one commit. */
const TOGETHER = 200;
const ID_BYTES = 12;

export interface NotificationOptions {
  clock: Clock;
  outbox: Outbox;
  targets: readonly NotificationTarget[];
  run: RunProgram;
  /** The server's own environment, where the secrets are. */
  env: Readonly<Record<string, string>>;
  /** The address of the dashboard. */
  base(): string;
}

export class Notifications {
  readonly name = "notifications";
  readonly #options: NotificationOptions;
  readonly #targets: ReadonlyMap<string, NotificationTarget>;
  readonly #lanes = new Lanes();
  readonly #underWay = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #states = new Map<string, TargetState>();
  #isOpen = false;
  #alarm: Timer | undefined;
  #look: Timer | undefined;

  constructor(options: NotificationOptions) {
    this.#options = options;
    this.#targets = new Map(options.targets.map((target) => [target.name, target]));
  }

  /** Goes on with what earlier servers could not deliver. */
  async start(): Promise<void> {
    const { outbox } = this.#options;
    this.#states = await outbox.states();
    const strays: OutboxItem[] = [];
    for await (const item of outbox.items()) {
      if (this.#targets.has(item.target)) this.#lanes.add(item);
      else strays.push(item);
    }
    if (strays.length > 0) {
      const names = [...new Set(strays.map(({ target }) => target))].join(", ");
      log.warn("{count} notices are given up: the configuration names {names} no more", {
        count: strays.length,
        names,
      });
      for (let at = 0; at < strays.length; at += TOGETHER) {
        await outbox.forget(strays.slice(at, at + TOGETHER));
      }
    }
    this.#isOpen = true;
    this.#goOn();
  }

  /** What was not delivered stays for the next server. */
  async stop(): Promise<void> {
    this.#isOpen = false;
    this.#alarm?.cancel();
    this.#look?.cancel();
    this.#closing.abort();
    await Promise.all(this.#underWay);
  }

  // ---- what is told

  /** What is stored with the changes of which these tell; undefined if nobody is told. */
  with(happenings: readonly Happening[]): Alongside | undefined {
    const items = happenings.flatMap((one) => this.#itemsOf(one));
    if (items.length === 0) return undefined;
    const { outbox } = this.#options;
    return {
      sets: items.slice(0, IN_COMMIT_MAX).map((item) => outbox.entry(item)),
      stored: () => {
        this.#queue(items.slice(0, IN_COMMIT_MAX));
        for (const item of items.slice(IN_COMMIT_MAX)) this.#keep([item]);
      },
      doubtful: () => this.#lookLater(),
    };
  }

  /** A change whose outcome is in doubt may have been stored, and its notices with it. */
  #lookLater(): void {
    this.#look ??= this.#options.clock.after(LOOK_AGAIN_MS, () => {
      this.#look = undefined;
      this.#do(async () => {
        try {
          for await (const item of this.#options.outbox.items()) {
            if (this.#targets.has(item.target)) this.#lanes.add(item);
          }
        } catch (error) {
          log.warn("The notices that wait cannot be read: {error}", { error });
          if (this.#isOpen) this.#lookLater();
        }
        this.#goOn();
      });
    });
  }

  /** Tells of what no record tells. */
  tell(happening: Happening): void {
    const items = this.#itemsOf(happening);
    if (items.length > 0) this.#keep(items);
  }

  #itemsOf(happening: Happening): OutboxItem[] {
    const told = [...this.#targets.values()].filter((target) => isTold(target, aboutOf(happening)));
    if (told.length === 0) return [];
    const at_ms = this.#options.clock.now();
    const { event, task, data } = happening;
    return told.map(({ name }) => ({
      target: name,
      at_ms,
      notice: {
        id: freshId(),
        event,
        time: isoTime(at_ms),
        task,
        data: bounded(data),
      },
      tries: 0,
    }));
  }

  #keep(items: OutboxItem[]): void {
    this.#do(async () => {
      try {
        await this.#options.outbox.keep(items);
      } catch (error) {
        // Told all the same, though a crash would lose it.
        log.error("A notice of {event} could not be stored: {error}", {
          event: items[0]!.notice.event,
          error,
        });
      }
      this.#queue(items);
    });
  }

  #queue(items: readonly OutboxItem[]): void {
    for (const item of items) {
      if (this.#lanes.sizeOf(item.target) >= WAITING_MAX) this.#makeRoom(item.target);
      this.#lanes.add(item);
    }
    this.#goOn();
  }

  #makeRoom(target: string): void {
    const oldest = this.#lanes.oldestOf(target);
    if (oldest) this.#giveUp(oldest, `more than ${WAITING_MAX} notices wait`);
  }

  // ---- deliveries

  #goOn(): void {
    this.#alarm?.cancel();
    if (!this.#isOpen) return;
    const { clock } = this.#options;
    const now_ms = clock.now();
    for (const item of this.#lanes.take(now_ms)) this.#do(() => this.#deliver(item));
    const next_ms = this.#lanes.nextAt();
    // The wall clock may jump meanwhile.
    if (next_ms === undefined) return;
    this.#alarm = clock.after(Math.min(60_000, Math.max(0, next_ms - now_ms)), () => this.#goOn());
  }

  /** Never rejects. */
  async #deliver(item: OutboxItem): Promise<void> {
    const { clock, outbox } = this.#options;
    const { target: name, notice } = item;
    const carried = await this.#carry(this.#targets.get(name)!, notice);
    // What the stop of the server has cut off counts for nothing.
    if (this.#closing.signal.aborted && !carried.delivered) return;
    if (carried.delivered) {
      await this.#settle(item, { last_delivery: isoTime(clock.now()) });
    } else if (clock.now() - epochOf(notice.time) > DAY_MS) {
      this.#giveUp(item, carried.error ?? "");
    } else {
      const tries = item.tries + 1;
      const later = { ...item, tries, next_ms: clock.now() + waitAfter(tries) };
      const state = { ...this.#states.get(name), last_error: carried.error };
      if (this.#states.get(name)?.last_error !== carried.error) {
        log.warn("{name} cannot be told: {error}. It is tried again for a day", {
          name,
          error: carried.error,
        });
      }
      this.#states.set(name, state);
      await this.#stored(outbox.keep([later], { target: name, state }));
      this.#lanes.failed(item, later);
    }
    this.#goOn();
  }

  #giveUp(item: OutboxItem, why: string): void {
    const { target: name, notice } = item;
    log.error("The notice {id} of {event} to {name} is given up: {why}", {
      id: notice.id,
      event: notice.event,
      name,
      why,
    });
    const state = {
      ...this.#states.get(name),
      last_error: `a notice of ${notice.event} was given up: ${why}`,
    };
    this.#do(() => this.#settle(item, state));
  }

  async #settle(item: OutboxItem, state: TargetState): Promise<void> {
    this.#states.set(item.target, state);
    this.#lanes.done(item);
    // If that fails, the next server delivers it again, under the same id.
    await this.#stored(this.#options.outbox.forget([item], { target: item.target, state }));
  }

  async #stored(storing: Promise<void>): Promise<void> {
    try {
      await storing;
    } catch (error) {
      log.error("How a notice was delivered cannot be stored: {error}", { error });
    }
  }

  async #carry(
    target: NotificationTarget,
    notice: Omit<Notice, "event"> & { event: string },
  ): Promise<Carried> {
    const { clock, run, env, base } = this.#options;
    const secret = target.secret_env === undefined ? undefined : env[target.secret_env];
    return await carry(target, parcelOf(notice, base()), secret, {
      clock,
      run,
      env,
      signal: this.#closing.signal,
    });
  }

  #do(work: () => Promise<void>): void {
    const doing = work().finally(() => this.#underWay.delete(doing));
    this.#underWay.add(doing);
  }

  // ---- what is asked

  list(): NotificationView[] {
    return [...this.#targets.values()].map((target) => ({
      name: target.name,
      channel: target.channel,
      events: [...target.events],
      project: target.project,
      min_priority: target.min_priority,
      to: shownPlace(target),
      waiting: this.#lanes.sizeOf(target.name),
      ...this.#states.get(target.name),
    }));
  }

  /** Hands a notice over at once, and once. Throws `INVALID_FIELD_VALUE` for an unknown name. */
  async test(name: string): Promise<NotificationTested> {
    const target = this.#targets.get(name);
    if (!target) {
      const names = [...this.#targets.keys()];
      throw fieldProblem("INVALID_FIELD_VALUE", "name", name, names, `There is no notification '${name}'`);
    }
    const time = isoTime(this.#options.clock.now());
    const carried = await this.#carry(target, { id: freshId(), event: "test", time, data: { name } });
    return { name, ...carried };
  }
}

function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const URGENT: readonly string[] = [
  "permission_requested",
  "question_asked",
  "approval_requested",
  "security_alert",
];

function parcelOf(notice: Omit<Notice, "event"> & { event: string }, base: string): Parcel {
  const { id, event, time, task, data } = notice;
  const url = `${base.replace(/\/+$/, "")}/#${task ? `/tasks/${task.id}` : "/tasks"}`;
  const words = event === "test"
    ? { title: "opencode-agents", text: `A test of the notification '${data.name}'` }
    : noticeWords(notice as Notice);
  return {
    id,
    event,
    body: JSON.stringify({ id, event, time, task, url, data }),
    ...words,
    url,
    isUrgent: URGENT.includes(event),
  };
}

/** Where it goes, without what may be a secret: a webhook's path, a topic, a program's arguments. */
function shownPlace(target: NotificationTarget): string {
  switch (target.channel) {
    case "webhook":
    case "ntfy":
      return new URL(target.url).origin;
    case "command":
      return target.command[0]!;
  }
}
