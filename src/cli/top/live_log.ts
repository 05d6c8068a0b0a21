/** The log of the selected task: loaded when the task is first selected, then kept up to date by pushes. */
import type { Client } from "../../client/client.ts";
import type { PushStream } from "../../client/subscriptions.ts";
import { type Clock, sleep } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import type { LogEntry } from "../../domain/log_entry.ts";
import { LogTails } from "./log_tails.ts";
import type { NamedTimers } from "./named_timers.ts";

/** How long a task must stay selected before its log loads: moving along the list must not load every log. */
const SETTLE_MS = 150;
const HISTORY = 200;
/** The client reconnects in the meantime. */
const SUBSCRIBE_AGAIN_MS = 1000;

interface LiveLogOptions {
  client: Client;
  clock: Clock;
  timers: NamedTimers;
  /** Called when entries of the selected task have arrived. */
  changed(entries: LogEntry[]): void;
  /** Shows the error and calls `again` when the server's limits allow it. */
  retry(name: string, error: unknown, again: () => void): void;
}

export class LiveLog {
  readonly #options: LiveLogOptions;
  readonly #tails = new LogTails();
  #selected: string | undefined;
  #stopped = false;

  constructor(options: LiveLogOptions) {
    this.#options = options;
  }

  /** Shows this task's log from now on. */
  select(task_id: string | undefined): void {
    this.#selected = task_id;
    this.#show();
  }

  /** Receives entries until the connection is closed for good. */
  async run(): Promise<never> {
    while (true) {
      try {
        for await (const push of await this.#subscribe()) {
          if (push.type === "log_entry") this.#tails.add(push.log);
          else this.#tails.clear();
          this.#show();
        }
        throw new ApiError("CONNECTION_LOST", "The connection was closed", { sent: true });
      } catch (error) {
        // More entries than we could read. The tails have a gap, so they are loaded again.
        if (!(error instanceof ApiError) || error.code !== "SUBSCRIPTION_ERROR") throw error;
        this.#tails.clear();
        this.#show();
      }
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Subscribes to log entries, and again if the connection is lost in the meantime. */
  async #subscribe(): Promise<PushStream> {
    const { client, clock } = this.#options;
    while (true) {
      try {
        return await client.subscribe(["log_entries"]);
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "CONNECTION_LOST" || this.#stopped) throw error;
        await sleep(clock, SUBSCRIBE_AGAIN_MS);
      }
    }
  }

  #show(): void {
    if (this.#selected === undefined) return;
    const entries = this.#tails.of(this.#selected);
    if (entries) this.#options.changed([...entries]);
    else this.#options.timers.later("history", SETTLE_MS, () => this.#load());
  }

  #load(): void {
    const task_id = this.#selected;
    if (task_id === undefined || this.#tails.of(task_id)) return;
    this.#tails.begin(task_id);
    this.#options.client.request("request_log_entries", {
      filter: { agent: task_id },
      limit: HISTORY,
      sort: { field: "time", order: "desc" },
    }).then(({ data }) => {
      this.#tails.complete(task_id, data.entries.reverse());
      this.#show();
    }).catch((error) => {
      this.#tails.forget(task_id);
      this.#options.retry("history", error, () => this.#load());
    });
  }
}
