/** Tells each target that asks for it the report of the day, once a day. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../clock/clock.ts";
import type { NotificationTarget } from "../domain/notification.ts";
import { reportDue, type ReportTime } from "../domain/report_time.ts";
import type { Outbox } from "../store/outbox.ts";
import type { Notifications } from "./notifications.ts";

const log = getLogger(["opencode-agents", "notify"]);

const DEFAULT_AT = "07:00";
/** The wall clock may jump, and a report that could not be stored is tried again. */
const LOOK_MS = 60_000;

export interface DailyReportOptions {
  clock: Clock;
  outbox: Pick<Outbox, "reportDays">;
  notifications: Pick<Notifications, "tellReport">;
  targets: readonly NotificationTarget[];
  /** The zone of targets that name none. */
  timezone: string;
  /** The report for a target as Markdown. */
  report(target: Pick<NotificationTarget, "project" | "timezone">): Promise<string>;
}

export class DailyReports {
  readonly name = "daily reports";
  readonly #options: DailyReportOptions;
  readonly #times: readonly (ReportTime & { target: NotificationTarget })[];
  #last = new Map<string, string>();
  #isOpen = false;
  #alarm: Timer | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: DailyReportOptions) {
    this.#options = options;
    this.#times = options.targets.filter(({ events }) => events.includes("report")).map((target) => ({
      target,
      at: target.at ?? DEFAULT_AT,
      timezone: target.timezone ?? options.timezone,
    }));
  }

  async start(): Promise<void> {
    if (this.#times.length === 0) return;
    this.#last = await this.#options.outbox.reportDays();
    this.#isOpen = true;
    this.#look();
  }

  async stop(): Promise<void> {
    this.#isOpen = false;
    this.#alarm?.cancel();
    await this.#looking;
  }

  #look(): void {
    this.#looking = this.#tellWhatIsDue().finally(() => {
      this.#looking = undefined;
      if (!this.#isOpen) return;
      const { clock } = this.#options;
      const now_ms = clock.now();
      const nexts = this.#times.map((time) => reportDue(time, now_ms, undefined).next_ms - now_ms);
      this.#alarm = clock.after(Math.min(LOOK_MS, ...nexts), () => this.#look());
    });
  }

  /** Never rejects. */
  async #tellWhatIsDue(): Promise<void> {
    const { clock, notifications, report } = this.#options;
    for (const time of this.#times) {
      const { target } = time;
      const { name } = target;
      const { day } = reportDue(time, clock.now(), this.#last.get(name));
      if (day === undefined) continue;
      try {
        await notifications.tellReport(target, day, await report(target));
        this.#last.set(name, day);
      } catch (error) {
        log.error("{name} is not told the report of {day} yet: {error}", { name, day, error });
      }
    }
  }
}
