/**
 * What an agent asks a person for, such as a permission. Each request is settled exactly once: by a client, by its timeout,
 * by the agent, or by the end of the run.
 */
import { type Clock, isoTime } from "../../clock/clock.ts";
import { type Actor, actorName } from "../../domain/actor.ts";

/** The most that may be open. An agent that asks for more does not wait for answers. */
export const MOST_OPEN = 50;

/** `end`: the run or its turn ends, or the agent has withdrawn its request. `park`: its agent is ended, and it stays open. */
export type Settler = "client" | "timeout" | "end" | "park";

/** How a request ended. */
export interface Settlement<Answer> {
  answer: Answer;
  by: Settler;
  /** The client that answered. */
  actor?: Actor;
}

export interface OpenRequest<Request, Answer> {
  request: Request;
  settle(answer: Answer, by: Settler, actor?: Actor): void;
}

export interface OpenRequestsOptions {
  clock: Clock;
  timeout_ms: number;
  attempt: number;
}

export class OpenRequests<Request, Answer> {
  readonly #options: OpenRequestsOptions;
  readonly #prefix: string;
  /** The answer that the agent gets if its request is withdrawn. */
  readonly #withdrawn: Answer;
  readonly #open = new Map<string, OpenRequest<Request, Answer>>();
  #asked = 0;
  #closed = false;
  #parks = false;

  constructor(options: OpenRequestsOptions, prefix: string, withdrawn: Answer) {
    this.#options = options;
    this.#prefix = prefix;
    this.#withdrawn = withdrawn;
  }

  get isFull(): boolean {
    return this.#open.size >= MOST_OPEN;
  }

  /** Whether the run or its turn ends, so that nothing more is asked. */
  get isClosed(): boolean {
    return this.#closed;
  }

  get size(): number {
    return this.#open.size;
  }

  /** All that are open, the oldest first. */
  get all(): OpenRequest<Request, Answer>[] {
    return [...this.#open.values()];
  }

  get(id: string): OpenRequest<Request, Answer> | undefined {
    return this.#parks ? undefined : this.#open.get(id);
  }

  /** The random part is needed because a recovered task may run the same attempt again. */
  newId(): string {
    const { clock, attempt } = this.#options;
    const chance = Math.floor(clock.random() * 36 ** 6).toString(36).padStart(6, "0");
    return `${this.#prefix}_${attempt}_${++this.#asked}_${chance}`;
  }

  /** ISO 8601: when a request that is opened now times out. */
  get expires_at(): string {
    const { clock, timeout_ms } = this.#options;
    return isoTime(clock.now() + timeout_ms);
  }

  /** Opens a request. `late`: the answer if nobody gives one in time. `signal` aborts when the agent withdraws it. `waits`: without end. */
  ask(
    id: string,
    request: Request,
    late: Answer,
    signal: AbortSignal,
    waits = false,
  ): Promise<Settlement<Answer>> {
    const { clock, timeout_ms } = this.#options;
    return new Promise((resolve) => {
      const settle = (answer: Answer, by: Settler, actor?: Actor) => {
        if (!this.#open.delete(id)) return;
        timer?.cancel();
        signal.removeEventListener("abort", withdraw);
        resolve({ answer, by: by === "end" && this.#parks ? "park" : by, actor });
      };
      const withdraw = () => settle(this.#withdrawn, "end");
      const timer = waits ? undefined : clock.after(timeout_ms, () => settle(late, "timeout"));
      signal.addEventListener("abort", withdraw, { once: true });
      this.#open.set(id, { request, settle });
      if (signal.aborted) withdraw();
    });
  }

  /** Another turn begins, in which the agent may ask. */
  reopen(): void {
    this.#closed = false;
  }

  /** Whatever is open stays so when the agent is ended: nobody can answer it here. */
  park(): void {
    this.#parks = true;
  }

  /** Withdraws every open request. No more should follow before `reopen`. */
  close(): void {
    this.#closed = true;
    for (const { settle } of this.all) settle(this.#withdrawn, "end");
  }
}

/** Who settled a request, for its log entry. An anonymous client has no name. */
export function nameOf(by: string, actor: Actor | undefined): string {
  return actor === undefined || actor.kind === "anonymous" ? by : actorName(actor);
}
