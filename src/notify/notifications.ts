/** Who is told of what: makes the notices, stores each before anybody is told, and has them delivered. */
import { recordAction } from "../store/audit/audited_action.ts";
import { getLogger } from "@logtape/logtape";
import { isoTime } from "../clock/clock.ts";
import { hexOf } from "../domain/bytes.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { aboutOf, bounded, type Happening, type Notice } from "../domain/notice.ts";
import { isTold, type NotificationTarget } from "../domain/notification.ts";
import type { NotificationTested, NotificationView } from "../protocol/notification_messages.ts";
import { fitting, type Room } from "../store/group_commit.ts";
import type { OutboxItem } from "../store/outbox.ts";
import type { Alongside } from "../store/record_store.ts";
import { Delivering, type DeliveringOptions } from "./delivering.ts";
import { shownPlace } from "./parcel.ts";

const log = getLogger(["opencode-agents", "notify"]);

const ID_BYTES = 12;

export interface NotificationOptions extends Omit<DeliveringOptions, "targets"> {
  targets: readonly NotificationTarget[];
}

export class Notifications {
  readonly name = "notifications";
  readonly #options: NotificationOptions;
  readonly #targets: ReadonlyMap<string, NotificationTarget>;
  readonly #delivering: Delivering;
  #last_ms = 0;

  constructor(options: NotificationOptions) {
    this.#options = options;
    this.#targets = new Map(options.targets.map((target) => [target.name, target]));
    this.#delivering = new Delivering({ ...options, targets: this.#targets });
  }

  async start(): Promise<void> {
    this.#last_ms = Math.max(this.#last_ms, await this.#delivering.start());
  }

  stop(): Promise<void> {
    return this.#delivering.stop();
  }

  /**
   * What is stored with the changes of which these tell, as far as there is room; undefined if nobody is told. Further notices
   * follow in commits of their own: no change fails because many are told of it.
   */
  with(happenings: readonly Happening[], room: Room): Alongside | undefined {
    const items = happenings.flatMap((one) => this.#itemsOf(one));
    if (items.length === 0) return undefined;
    const sets = fitting(items.map((item) => this.#options.outbox.entry(item)), room);
    return {
      sets,
      stored: () => {
        this.#delivering.add(items.slice(0, sets.length));
        for (const item of items.slice(sets.length)) this.#keep([item]);
      },
      doubtful: () => this.#delivering.lookLater(),
    };
  }

  /** Tells of what no record tells. */
  tell(happening: Happening): void {
    const items = this.#itemsOf(happening);
    if (items.length > 0) this.#keep(items);
  }

  /** Tells a target the report of a day, unless it was told that already, by whichever server. Throws the store's error. */
  async tellReport({ name }: NotificationTarget, day: string, report: string): Promise<void> {
    const time = isoTime(this.#options.clock.now());
    const notice: Notice = { id: freshId(), event: "report", time, data: bounded({ report }) };
    const item: OutboxItem = { target: name, at_ms: this.#nextPlace(), notice, tries: 0 };
    if (await this.#options.outbox.keepReport(item, day)) this.#delivering.add([item]);
  }

  #itemsOf(happening: Happening): OutboxItem[] {
    const told = [...this.#targets.values()].filter((target) => isTold(target, aboutOf(happening)));
    if (told.length === 0) return [];
    const time = isoTime(this.#options.clock.now());
    const { event, task, data } = happening;
    return told.map(({ name }) => ({
      target: name,
      at_ms: this.#nextPlace(),
      notice: {
        id: freshId(),
        event,
        time,
        task,
        data: bounded(data),
      },
      tries: 0,
    }));
  }

  /** The time, and later than that of any other notice, also if the clock was set back: the next server has the same order. */
  #nextPlace(): number {
    return this.#last_ms = Math.max(this.#last_ms + 1, this.#options.clock.now());
  }

  #keep(items: OutboxItem[]): void {
    this.#delivering.do(async () => {
      try {
        await this.#options.outbox.keep(items);
      } catch (error) {
        // Told all the same, though a crash would lose it.
        log.error("A notice of {event} could not be stored: {error}", {
          event: items[0]!.notice.event,
          error,
        });
      }
      this.#delivering.add(items);
    });
  }

  list(): NotificationView[] {
    return [...this.#targets.values()].map((target) => ({
      name: target.name,
      channel: target.channel,
      events: [...target.events],
      project: target.project,
      min_priority: target.min_priority,
      to: shownPlace(target),
      ...this.#delivering.stateOf(target.name),
    }));
  }

  /** Hands a notice over at once, and once. Throws `INVALID_FIELD_VALUE` for an unknown name. */
  async test(name: string): Promise<NotificationTested> {
    const target = this.#targets.get(name);
    if (!target) {
      const names = [...this.#targets.keys()];
      throw fieldProblem("INVALID_FIELD_VALUE", "name", name, names, `There is no notification '${name}'`);
    }
    await recordAction();
    const time = isoTime(this.#options.clock.now());
    const carried = await this.#delivering.carry(target, {
      id: freshId(),
      event: "test",
      time,
      data: { name },
    });
    return { name, ...carried };
  }
}

function freshId(): string {
  return hexOf(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
}
