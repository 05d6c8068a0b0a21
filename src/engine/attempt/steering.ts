/** Messages that go into the running turn, where the agent takes them. The others wait for the end of the turn. */
import { getLogger } from "@logtape/logtape";
import type { Lease } from "../../domain/lease.ts";
import type { WaitingMessage } from "../../domain/message.ts";
import type { TurnMessage } from "../../domain/run_request.ts";
import { advance } from "../../store/queue.ts";
import { userMessage } from "../../store/messages.ts";
import type { RunContext } from "../run_context.ts";
import { promptOf } from "./turn_prompt.ts";

const log = getLogger(["opencode-agents", "engine"]);

export interface SteeringOptions {
  task_id: string;
  lease: Lease;
  /** As `Run.steer`. */
  steer(message: TurnMessage): Promise<boolean>;
  /** Whether a turn is under way that may take a message. */
  isInTurn(): boolean;
  warn(message: string): unknown;
}

export class Steering {
  readonly #context: RunContext;
  readonly #options: SteeringOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(context: RunContext, options: SteeringOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Settles when it is known of each message whether it is in the turn: before that, none is delivered otherwise. */
  get idle(): Promise<void> {
    return this.#last;
  }

  /** Gives the agent a message that waits. */
  give(message: WaitingMessage): void {
    this.#last = this.#last.then(() => this.#give(message)).catch((error) => {
      const { task_id } = this.#options;
      log.warn("Message {number} of task {id} waits: {error}", {
        number: message.number,
        id: task_id,
        error,
      });
    });
  }

  async #give({ number, parts, attachments }: WaitingMessage): Promise<void> {
    const { store } = this.#context;
    const { task_id, lease, steer, isInTurn, warn } = this.#options;
    const waits = () => store.tasks.get(task_id)?.state.waiting?.some((one) => one.number === number);
    if (!isInTurn() || !waits()) return;
    const prompt = await promptOf(this.#context, task_id, { number, parts, attachments });
    let isTaken: boolean;
    try {
      isTaken = isInTurn() && await steer(prompt);
    } catch (error) {
      warn(
        "It is not known whether the agent got a message in its turn, so that it is told again after the turn",
      );
      throw error;
    }
    if (!isTaken) return;
    await advance(store.tasks, task_id, lease, (state) => {
      const { turn = 1, attempt, waiting = [] } = state;
      const taken = waiting.find((one) => one.number === number);
      // It was withdrawn, too late.
      if (taken === undefined) return undefined;
      const rest = waiting.filter((one) => one !== taken);
      return {
        state: { ...state, waiting: rest.length > 0 ? rest : undefined },
        sets: [userMessage(task_id, taken, { turn, attempt, state: "delivered" })],
      };
    });
  }
}
