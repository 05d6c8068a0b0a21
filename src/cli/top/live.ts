/** `top` alive: pushes and keys change the board, the board is drawn. */
import type { Client } from "../../client/client.ts";
import type { PushStream } from "../../client/subscriptions.ts";
import { type Clock, sleep, type Timer } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { type Cli, type CommonFlags, describeError, EXIT } from "../cli.ts";
import { untilSignalled } from "../signals.ts";
import { afterPush, type Board, emptyBoard, withTasks } from "./board.ts";
import { afterKey, type Effect, keysIn } from "./keys.ts";
import { loadResources, loadTasks } from "./load.ts";
import { LogTails } from "./log_tails.ts";
import { render } from "./render.ts";
import { FullScreen } from "./screen.ts";

/** At most ten pictures a second. */
const FRAME_MS = 100;
/** Tasks are asked for anew at most this often, within the server's limit of messages. */
const RELOAD_MS = 3000;
/** Somebody running along the list does not want every log. */
const SETTLE_MS = 150;
const HISTORY = 200;
const NOTICE_MS = 8000;
/** The client is connecting anew meanwhile. */
const ASK_AGAIN_MS = 1000;

const DONE = {
  cancel_task: "cancelled",
  retry_task: "put back into the queue",
  pause_task: "paused",
  resume_task: "resumed",
} as const;

/** Shows the board until `q`, Ctrl-C or a signal; the exit code. */
export async function live(cli: Cli, flags: CommonFlags): Promise<number> {
  const screen = new FullScreen(cli.terminal);
  let top: Live | undefined;
  const client = await cli.listener(flags, ({ state }) => top?.connection(state === "connected"));
  try {
    top = new Live(cli, client, screen, (await cli.asker(flags)).url);
    await top.load();
    screen.open();
    return await top.run();
  } finally {
    screen.close();
    top?.stop();
    client.close();
  }
}

class Live {
  #board: Board;
  readonly #clock: Clock;
  readonly #tails = new LogTails();
  readonly #quit = Promise.withResolvers<number>();
  readonly #timers = new Map<string, Timer>();
  #updates!: PushStream;
  #drawn_ms = -Infinity;
  #loaded_ms = -Infinity;
  #over = false;

  constructor(
    private readonly cli: Cli,
    private readonly client: Client,
    private readonly screen: FullScreen,
    url: string,
  ) {
    this.#clock = cli.clock;
    this.#board = emptyBoard(url);
  }

  /** Pushes first, so that nothing happens unseen between what is asked for and what is told. */
  async load(): Promise<void> {
    this.#updates = await this.client.subscribe([
      "task_status",
      "task_progress",
      "task_manager",
      "system_resources",
    ]);
    this.#loaded_ms = this.#clock.monotonic();
    this.#board = withTasks(this.#board, await loadTasks(this.client));
    this.#board = { ...this.#board, resources: await loadResources(this.client) };
  }

  async run(): Promise<number> {
    const resized = () => {
      this.screen.forget();
      this.#draw();
    };
    const canResize = Deno.build.os !== "windows";
    if (canResize) Deno.addSignalListener("SIGWINCH", resized);
    // The running times go on.
    const seconds = this.#clock.every(1000, () => this.#changed());
    try {
      this.#lookAtLog();
      this.#draw();
      return await Promise.race([
        this.#quit.promise,
        this.#keys(),
        this.#pushes(),
        this.#logs(),
        untilSignalled(this.#clock).then((signal) => signal === "SIGTERM" ? EXIT.terminated : EXIT.cancelled),
      ]);
    } finally {
      this.#over = true;
      seconds.cancel();
      if (canResize) Deno.removeSignalListener("SIGWINCH", resized);
    }
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
  }

  connection(connected: boolean): void {
    this.#set({ ...this.#board, connected });
  }

  async #keys(): Promise<number> {
    for await (const text of this.screen.input()) {
      for (const key of keysIn(text)) {
        const { board, effect } = afterKey(this.#board, key);
        this.#set(board);
        if (effect?.kind === "quit") return EXIT.done;
        if (effect) void this.#carryOut(effect);
      }
    }
    return EXIT.done;
  }

  async #carryOut(effect: Exclude<Effect, { kind: "quit" }>): Promise<void> {
    const { task_id } = effect;
    let notice: string;
    try {
      if (effect.kind === "answer") {
        const { permission_id, decision } = effect;
        await this.client.request("respond_to_permission", { task_id, permission_id, decision });
        notice = `${decision === "allow" ? "allowed" : "denied"} what task ${task_id} asked for`;
      } else {
        await this.client.request(effect.type, { task_id });
        notice = `task ${task_id} ${DONE[effect.type]}`;
      }
      this.#reloadSoon();
    } catch (error) {
      if (!(error instanceof ApiError)) return this.#quit.reject(error);
      notice = describeError(error);
    }
    this.#set({ ...this.#board, notice });
  }

  async #pushes(): Promise<never> {
    for await (const push of this.#updates) {
      const { board, stale } = afterPush(this.#board, push);
      this.#set(board);
      if (stale) this.#reloadSoon();
    }
    throw new ApiError("CONNECTION_LOST", "The connection was closed", { sent: true });
  }

  async #logs(): Promise<never> {
    while (true) {
      try {
        for await (const push of await this.#logEntries()) {
          if (push.type === "log_entry") this.#tails.add(push.log);
          else this.#tails.clear();
          this.#showLog();
        }
        throw new ApiError("CONNECTION_LOST", "The connection was closed", { sent: true });
      } catch (error) {
        // More at once than we could read: the tails have a gap, so they are asked for anew.
        if (!(error instanceof ApiError) || error.code !== "SUBSCRIPTION_ERROR") throw error;
        this.#tails.clear();
        this.#showLog();
      }
    }
  }

  /** The subscription to log entries, also when the connection is lost while it is asked for. */
  async #logEntries(): Promise<PushStream> {
    while (true) {
      try {
        return await this.client.subscribe(["log_entries"]);
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "CONNECTION_LOST" || this.#over) throw error;
        await sleep(this.#clock, ASK_AGAIN_MS);
      }
    }
  }

  #set(board: Board): void {
    const isOther = board.selected !== this.#board.selected;
    const isNews = board.notice !== undefined && board.notice !== this.#board.notice;
    this.#board = board;
    if (isNews) this.#later("notice", NOTICE_MS, () => this.#set({ ...this.#board, notice: undefined }));
    if (isOther) this.#showLog();
    this.#changed();
  }

  #showLog(): void {
    const { selected } = this.#board;
    if (selected === undefined) return;
    const entries = this.#tails.of(selected);
    if (!entries) return this.#later("history", SETTLE_MS, () => this.#lookAtLog());
    this.#board = { ...this.#board, entries: [...entries] };
    this.#changed();
  }

  #lookAtLog(): void {
    const { selected } = this.#board;
    if (selected === undefined || this.#tails.of(selected)) return;
    this.#tails.begin(selected);
    this.client.request("request_log_entries", {
      filter: { agent: selected },
      limit: HISTORY,
      sort: { field: "time", order: "desc" },
    }).then(({ data }) => {
      this.#tails.complete(selected, data.entries.reverse());
      this.#showLog();
    }).catch((error) => {
      this.#tails.forget(selected);
      this.#tellLater("history", error, () => this.#lookAtLog());
    });
  }

  #reloadSoon(): void {
    const wait = this.#loaded_ms + RELOAD_MS - this.#clock.monotonic();
    this.#later("reload", Math.max(FRAME_MS, wait), () => {
      this.#loaded_ms = this.#clock.monotonic();
      loadTasks(this.client).then((tasks) => this.#set(withTasks(this.#board, tasks)))
        .catch((error) => this.#tellLater("reload", error, () => this.#reloadSoon()));
    });
  }

  /** Says what is wrong and tries again when the server's limit allows it. */
  #tellLater(what: string, error: unknown, again: () => void): void {
    if (!(error instanceof ApiError)) return this.#quit.reject(error);
    this.#set({ ...this.#board, notice: error.message });
    this.#later(what, 1000 * (Number(error.details.retry_after_seconds) || 5), again);
  }

  #changed(): void {
    const wait = this.#drawn_ms + FRAME_MS - this.#clock.monotonic();
    this.#later("draw", Math.max(0, wait), () => this.#draw());
  }

  #draw(): void {
    this.#drawn_ms = this.#clock.monotonic();
    const { terminal } = this.cli;
    const paint = terminal.paint.bind(terminal);
    this.screen.draw(render(this.#board, { ...this.screen.size(), now_ms: this.#clock.now(), paint }));
  }

  /** One timer of a kind; a later call changes nothing. */
  #later(what: string, delay_ms: number, action: () => void): void {
    if (this.#timers.has(what)) return;
    this.#timers.set(
      what,
      this.#clock.after(delay_ms, () => {
        this.#timers.delete(what);
        action();
      }),
    );
  }
}
