/** Carries out the requests of one connection, one after another, at the pace at which the client reads replies. */
import type { SessionLimits } from "../../api/capability.ts";
import type { Clock, Timer } from "../../clock/clock.ts";
import type { ErrorReply } from "../../protocol/messages.ts";

/** Requests that may wait while an earlier one is carried out. */
const BACKLOG_MAX = 1000;
/** The same bound as a multiple of the largest message, because waiting requests are text in memory. */
const BACKLOG_LARGE_MAX = 8;
/**
 * How many rate-limit refusals are answered at once. After that, each is delayed by `SLOW_DOWN_MS` to protect others.
 */
const FREE_REFUSALS = 200;
/**
 * Requests that may wait on a slowed-down connection during a flood, when the server refuses so many requests that this
 * slows other clients down. Then every refusal is delayed: what one client may cost is too much for a hundred.
 */
const FLOOD_BACKLOG_MAX = 10;
/** How many refusals one accepted message makes up for. */
const REFUSALS_MADE_GOOD = 10;
const SLOW_DOWN_MS = 10;

/** Replies that may come after those to later requests. Beyond this, later requests wait as usual. */
const LATER_MAX = 20;

/** Carries the request out. Returns its reply, or gives `later` a reply that later requests need not wait for. */
type Request = (later?: (reply: Promise<object>) => void) => object | Promise<object> | undefined;

export interface RequestQueueOptions {
  clock: Clock;
  limits: Pick<SessionLimits, "isFlooded">;
  max_message_bytes: number;
  /** Whether the reader has taken the previous reply. If not, `resume` is called once it has. */
  isReaderReady(): boolean;
  answer(reply: object): void;
  /** Too many requests wait. */
  overflow(): void;
  /** Runs a callback of a timer or promise. A failure ends the connection. */
  guarded(action: () => void): void;
}

export class RequestQueue {
  readonly #options: RequestQueueOptions;
  #waiting: { request: Request; length: number }[] = [];
  #waitingLength = 0;
  /** Whether a request is being carried out, or its reply waits to be taken. */
  #busy = false;
  #awaitsReader = false;
  #refusals = 0;
  /** Replies that are still to come, while later requests are carried out. */
  #later = 0;
  #slowedDown: Timer | undefined;
  #closed = false;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
  }

  /** Carries out a request once those before it are answered. `length`: of its text. */
  add(request: Request, length: number): void {
    if (!this.#busy) return this.#carryOut(request);
    const { limits, max_message_bytes, overflow } = this.#options;
    this.#waitingLength += length;
    const floods = this.#slowedDown !== undefined && limits.isFlooded;
    if (
      this.#waiting.push({ request, length }) > (floods ? FLOOD_BACKLOG_MAX : BACKLOG_MAX) ||
      this.#waitingLength > BACKLOG_LARGE_MAX * max_message_bytes
    ) overflow();
  }

  /** To be called when the reader has taken what it was sent. */
  resume(): void {
    if (this.#awaitsReader) this.#goOn();
  }

  /** Carries out nothing more. */
  close(): void {
    this.#closed = true;
    this.#slowedDown?.cancel();
    this.#waiting = [];
  }

  #carryOut(request: Request): void {
    const { answer, guarded, clock } = this.#options;
    this.#busy = true;
    for (let next: Request | undefined = request; next; next = this.#next()) {
      const reply = next(this.#later < LATER_MAX ? (reply) => this.#answerLater(reply) : undefined);
      if (reply === undefined) continue;
      if (reply instanceof Promise) {
        void reply.then((message) =>
          guarded(() => {
            answer(message);
            this.#goOn();
          })
        );
        return;
      }
      answer(reply);
      if (this.#floods(reply)) {
        this.#slowedDown = clock.after(SLOW_DOWN_MS, () => {
          this.#slowedDown = undefined;
          guarded(() => this.#goOn());
        });
        return;
      }
    }
  }

  #answerLater(reply: Promise<object>): void {
    const { answer, guarded } = this.#options;
    this.#later++;
    void reply.then((message) => {
      this.#later--;
      if (!this.#closed) guarded(() => answer(message));
    });
  }

  /** Whether the client keeps sending far more than the limits allow. */
  #floods(reply: object): boolean {
    const { code, details } = reply as Partial<ErrorReply>;
    // Others may have used up the limit that all clients share.
    const isRefused = code === "RATE_LIMIT_EXCEEDED" && details?.limit !== "global_messages_per_minute";
    this.#refusals = Math.max(0, this.#refusals + (isRefused ? 1 : -REFUSALS_MADE_GOOD));
    return isRefused && (this.#options.limits.isFlooded || this.#refusals > FREE_REFUSALS);
  }

  /** The next request, once the previous reply is taken: a client that does not read gets no more answers. */
  #next(): Request | undefined {
    if (this.#closed) return undefined;
    this.#awaitsReader = !this.#options.isReaderReady();
    if (this.#awaitsReader) return undefined;
    const next = this.#waiting.shift();
    this.#busy = next !== undefined;
    this.#waitingLength -= next?.length ?? 0;
    return next?.request;
  }

  #goOn(): void {
    const next = this.#next();
    if (next) this.#carryOut(next);
  }
}
