/** `top` in a terminal: pushes and keys change the board, and the board is drawn. */
import type { Client } from "../../client/client.ts";
import type { PushStream } from "../../client/subscriptions.ts";
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { EXIT } from "../exit_codes.ts";
import { describeError } from "../error_text.ts";
import { untilSignalled } from "../signals.ts";
import type { Terminal } from "../terminal.ts";
import { type Action, carryOut } from "./actions.ts";
import { afterPush, type Board, emptyBoard, withTasks } from "./board.ts";
import { afterKey, keysIn } from "./keys.ts";
import { LiveLog } from "./live_log.ts";
import { loadResources, loadTasks } from "./load.ts";
import { NamedTimers } from "./named_timers.ts";
import { render } from "./render.ts";
import { FullScreen } from "./screen.ts";

/** At most ten frames per second. */
const FRAME_MS = 100;
/** The tasks are loaded at most this often, which stays within the server's limit of messages. */
const RELOAD_MS = 3000;
const NOTICE_MS = 8000;
/** The wait if the server does not say how long to wait. */
const RETRY_SECONDS = 5;

/** Shows the board until `q`, Ctrl-C or a signal. Returns the exit code. */
export async function live(cli: Cli, flags: CommonFlags): Promise<number> {
  const screen = new FullScreen(cli.terminal);
  let top: Live | undefined;
  const client = await cli.connect(flags, ({ state }) => top?.connection(state === "connected"));
  try {
    top = new Live(cli, client, screen, cli.address(flags));
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
  readonly #clock: Clock;
  readonly #terminal: Terminal;
  readonly #client: Client;
  readonly #screen: FullScreen;
  readonly #timers: NamedTimers;
  readonly #log: LiveLog;
  readonly #failed = Promise.withResolvers<never>();
  #board: Board;
  #updates!: PushStream;
  #drawn_ms = -Infinity;
  #loaded_ms = -Infinity;

  constructor({ clock, terminal }: Cli, client: Client, screen: FullScreen, url: string) {
    this.#clock = clock;
    this.#terminal = terminal;
    this.#client = client;
    this.#screen = screen;
    this.#board = emptyBoard(url);
    this.#timers = new NamedTimers(clock);
    this.#log = new LiveLog({
      client,
      clock,
      timers: this.#timers,
      changed: (entries) => this.#set({ ...this.#board, entries }),
      retry: (name, error, again) => this.#retry(name, error, again),
    });
  }

  /** Subscribes before it loads, so that no change is missed between the two. */
  async load(): Promise<void> {
    this.#updates = await this.#client.subscribe([
      "task_status",
      "task_progress",
      "conversations",
      "task_manager",
      "system_resources",
    ]);
    this.#loaded_ms = this.#clock.monotonic();
    this.#board = withTasks(this.#board, await loadTasks(this.#client));
    this.#board = { ...this.#board, resources: await loadResources(this.#client) };
  }

  async run(): Promise<number> {
    const resized = () => {
      this.#screen.forget();
      this.#draw();
    };
    const canResize = Deno.build.os !== "windows";
    if (canResize) Deno.addSignalListener("SIGWINCH", resized);
    // Updates the running times.
    const seconds = this.#clock.every(1000, () => this.#drawSoon());
    try {
      this.#log.select(this.#board.selected);
      this.#draw();
      return await Promise.race([
        this.#failed.promise,
        this.#handleKeys(),
        this.#handlePushes(),
        this.#log.run(),
        untilSignalled(this.#clock).then((signal) => signal === "SIGTERM" ? EXIT.terminated : EXIT.cancelled),
      ]);
    } finally {
      this.#log.stop();
      seconds.cancel();
      if (canResize) Deno.removeSignalListener("SIGWINCH", resized);
    }
  }

  stop(): void {
    this.#timers.cancelAll();
  }

  connection(connected: boolean): void {
    this.#set({ ...this.#board, connected });
  }

  async #handleKeys(): Promise<number> {
    for await (const text of this.#screen.input()) {
      for (const key of keysIn(text)) {
        const { board, effect } = afterKey(this.#board, key);
        this.#set(board);
        if (effect?.kind === "quit") return EXIT.done;
        if (effect) void this.#carryOut(effect);
      }
    }
    return EXIT.done;
  }

  async #carryOut(action: Action): Promise<void> {
    try {
      const notice = await carryOut(this.#client, action);
      this.#reloadSoon();
      this.#set({ ...this.#board, notice });
    } catch (error) {
      if (!(error instanceof ApiError)) return this.#failed.reject(error);
      this.#set({ ...this.#board, notice: describeError(error) });
    }
  }

  async #handlePushes(): Promise<never> {
    for await (const push of this.#updates) {
      const { board, stale } = afterPush(this.#board, push);
      this.#set(board);
      if (stale) this.#reloadSoon();
    }
    throw new ApiError("CONNECTION_LOST", "The connection was closed", { sent: true });
  }

  #set(board: Board): void {
    const before = this.#board;
    this.#board = board;
    if (board.notice !== undefined && board.notice !== before.notice) {
      this.#timers.later("notice", NOTICE_MS, () => this.#set({ ...this.#board, notice: undefined }));
    }
    if (board.selected !== before.selected) this.#log.select(board.selected);
    this.#drawSoon();
  }

  #reloadSoon(): void {
    const wait_ms = this.#loaded_ms + RELOAD_MS - this.#clock.monotonic();
    this.#timers.later("reload", Math.max(FRAME_MS, wait_ms), () => {
      this.#loaded_ms = this.#clock.monotonic();
      loadTasks(this.#client).then((tasks) => this.#set(withTasks(this.#board, tasks)))
        .catch((error) => this.#retry("reload", error, () => this.#reloadSoon()));
    });
  }

  /** Shows the error, and tries again when the server's limits allow it. */
  #retry(name: string, error: unknown, again: () => void): void {
    if (!(error instanceof ApiError)) return this.#failed.reject(error);
    this.#set({ ...this.#board, notice: error.message });
    const seconds = Number(error.details.retry_after_seconds) || RETRY_SECONDS;
    this.#timers.later(name, 1000 * seconds, again);
  }

  #drawSoon(): void {
    const wait_ms = this.#drawn_ms + FRAME_MS - this.#clock.monotonic();
    this.#timers.later("draw", Math.max(0, wait_ms), () => this.#draw());
  }

  #draw(): void {
    this.#drawn_ms = this.#clock.monotonic();
    const paint = this.#terminal.paint.bind(this.#terminal);
    this.#screen.draw(render(this.#board, { ...this.#screen.size(), now_ms: this.#clock.now(), paint }));
  }
}
