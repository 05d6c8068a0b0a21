/** Handles lost leases: this node joins again after losing its own, and takes over the tasks of other lost nodes. */
import { getLogger } from "@logtape/logtape";
import { sleep } from "../clock/clock.ts";
import type { NodeEvent } from "../store/shared_node.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { clearLeft, recoverLost } from "./recovery.ts";
import type { RunContext } from "./run_context.ts";
import { counted } from "../protocol/formats.ts";

const log = getLogger(["opencode-agents", "engine"]);

const RETRY_MS = 1000;

export class Membership {
  readonly #context: RunContext;
  readonly #dispatcher: Dispatcher;
  readonly #unsubscribe: () => void;
  #isOver = false;
  #rejoining = false;
  #recovering = false;
  #recoverAgain = false;

  constructor(context: RunContext, dispatcher: Dispatcher) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    const { runs_out_ms } = context.store.node;
    if (runs_out_ms !== undefined) context.runner.keepUntil?.(runs_out_ms);
    this.#unsubscribe = context.store.changes.subscribe("node", (event) => this.#hear(event));
  }

  /** To be called when the server shuts down. Nothing is taken over after that. */
  end(): void {
    this.#isOver = true;
    this.#unsubscribe();
  }

  #hear(event: NodeEvent): void {
    switch (event.kind) {
      case "renewed":
        return this.#context.runner.keepUntil?.(event.runs_out_ms);
      case "lost":
        return void this.#beginAnew();
      case "void":
        return void this.recover();
    }
  }

  /** Waits until all attempts have ended their agents, which they do because their leases are lost, then joins again. */
  async #beginAnew(): Promise<void> {
    if (this.#rejoining) return;
    this.#rejoining = true;
    const { store: { node } } = this.#context;
    await this.#dispatcher.idle();
    await this.#untilDone("This node could not join again", () => node.rejoin());
    this.#rejoining = false;
    if (this.#isOver) return;
    log.info("This node has joined again", { node: node.node });
    void this.recover();
    this.#dispatcher.resume();
  }

  /**
   * Takes over tasks whose lease has become void, until that has succeeded. To be called when the agents of an earlier server are
   * gone.
   */
  async recover(): Promise<void> {
    this.#recoverAgain = true;
    if (this.#recovering) return;
    this.#recovering = true;
    while (this.#recoverAgain && !this.#isOver) {
      this.#recoverAgain = false;
      await this.#untilDone("Tasks of another node could not be taken up", async () => {
        const tasks = await recoverLost(this.#context);
        if (tasks > 0) log.info("Recovered {what} of a lost node", { what: counted(tasks, "task"), tasks });
        await clearLeft(this.#context);
      });
    }
    this.#recovering = false;
  }

  async #untilDone(failure: string, action: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      try {
        return await action();
      } catch (error) {
        log.warn(`${failure}, trying again: {error}`, { error });
        await sleep(this.#context.clock, RETRY_MS);
      }
    }
  }
}
