/**
 * Delivers the notices that wait: at least once, under one id, for a day. Each stays in the store until it was delivered or given
 * up.
 */
import { getLogger } from "@logtape/logtape";
import { type Clock, epochOf, isoTime, type Timer } from "../clock/clock.ts";
import type { Masker } from "../domain/masking.ts";
import type { NotificationTarget } from "../domain/notification.ts";
import type { RunProgram } from "../host/processes/contained_program.ts";
import type { Outbox, OutboxItem, TargetState } from "../store/outbox.ts";
import type { Carried } from "./carrier.ts";
import { carry } from "./carriers.ts";
import { Lanes, waitAfter } from "./lanes.ts";
import { parcelOf, type Told } from "./parcel.ts";

const log = getLogger(["opencode-agents", "notify"]);

const DAY_MS = 86_400_000;
/** The most notices that wait for one target. Of more, the oldest are given up. */
const WAITING_MAX = 2_000;
/** The most characters that are told of a failure. */
const ERROR_MAX = 300;
const LOOK_AGAIN_MS = 30_000;
/** How many are forgotten in one commit. */
const TOGETHER = 200;

export interface DeliveringOptions {
  clock: Clock;
  outbox: Outbox;
  targets: ReadonlyMap<string, NotificationTarget>;
  run: RunProgram;
  /** The server's own environment, where the secrets are. */
  env: Readonly<Record<string, string>>;
  /** The address of the dashboard. */
  base(): string;
  /** The zone of targets that name none. */
  timezone: string;
  /** Masks what a target says of a failure: a program may print the variables that it has. */
  masker: Pick<Masker, "text">;
}

export class Delivering {
  readonly #options: DeliveringOptions;
  readonly #lanes = new Lanes();
  readonly #underWay = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #states = new Map<string, TargetState>();
  #isOpen = false;
  #alarm: Timer | undefined;
  #look: Timer | undefined;

  constructor(options: DeliveringOptions) {
    this.#options = options;
  }

  /** How many notices wait for the target, and how the last delivery went. */
  stateOf(target: string): TargetState & { waiting: number } {
    return { waiting: this.#lanes.sizeOf(target), ...this.#states.get(target) };
  }

  /** Goes on with what earlier servers could not deliver. Returns `at_ms` of the newest of that. */
  async start(): Promise<number> {
    const { outbox, targets } = this.#options;
    this.#states = await outbox.states();
    const strays: OutboxItem[] = [];
    let newest_ms = 0;
    for await (const item of outbox.items()) {
      newest_ms = item.at_ms;
      if (targets.has(item.target)) this.#lanes.add(item);
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
    return newest_ms;
  }

  /** What was not delivered stays for the next server. */
  async stop(): Promise<void> {
    this.#isOpen = false;
    this.#alarm?.cancel();
    this.#look?.cancel();
    this.#closing.abort();
    await Promise.all(this.#underWay);
  }

  /** Delivers these too. They are in the store already. */
  add(items: readonly OutboxItem[]): void {
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

  /** A change whose outcome is in doubt may have been stored, and its notices with it. */
  lookLater(): void {
    this.#look ??= this.#options.clock.after(LOOK_AGAIN_MS, () => {
      this.#look = undefined;
      this.do(async () => {
        try {
          for await (const item of this.#options.outbox.items()) {
            if (this.#options.targets.has(item.target)) this.#lanes.add(item);
          }
        } catch (error) {
          log.warn("The notices that wait cannot be read: {error}", { error });
          if (this.#isOpen) this.lookLater();
        }
        this.#goOn();
      });
    });
  }

  #goOn(): void {
    this.#alarm?.cancel();
    if (!this.#isOpen) return;
    const { clock } = this.#options;
    const now_ms = clock.now();
    for (const item of this.#lanes.take(now_ms)) this.do(() => this.#deliver(item));
    const next_ms = this.#lanes.nextAt();
    // The wall clock may jump meanwhile.
    if (next_ms === undefined) return;
    this.#alarm = clock.after(Math.min(60_000, Math.max(0, next_ms - now_ms)), () => this.#goOn());
  }

  /** Never rejects. */
  async #deliver(item: OutboxItem): Promise<void> {
    const { clock, outbox, targets } = this.#options;
    const { target: name, notice } = item;
    const carried = await this.carry(targets.get(name)!, notice);
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
    this.do(() => this.#settle(item, state));
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

  /** Hands a notice over at once, and once. Never rejects. */
  async carry(target: NotificationTarget, notice: Told): Promise<Carried> {
    const { clock, run, env, base, timezone, masker } = this.#options;
    const secret = target.secret_env === undefined ? undefined : env[target.secret_env];
    const carried = await carry(target, parcelOf(notice, base(), target.timezone ?? timezone), secret, {
      clock,
      run,
      env,
      signal: this.#closing.signal,
    });
    if (carried.error === undefined) return carried;
    // Masked first: what is left of a secret that was cut would not be known.
    return { ...carried, error: masker.text(carried.error).slice(0, ERROR_MAX) };
  }

  /** `work` never rejects. It is waited for at the stop. */
  do(work: () => Promise<void>): void {
    const doing = work().finally(() => this.#underWay.delete(doing));
    this.#underWay.add(doing);
  }
}
