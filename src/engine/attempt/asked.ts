/** What a task's agent has been told besides the prompts of its first and its present turn, as the conversation has it. */
import { cutToBytes } from "../../domain/scalars.ts";
import type { TurnMessage } from "../../domain/run_request.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import type { Message } from "../../store/messages.ts";
import type { RunContext } from "../run_context.ts";
import { promptOf } from "./turn_prompt.ts";

/** How many of the last messages of the conversation are looked at. */
const MESSAGES = 60;
const MOST_ASKED = 10;
const ASKED_BYTES = 500;

type AskedContext = Pick<RunContext, "store" | "attachments">;

export interface Asked {
  /** The last messages before the present turn, the oldest first, each cut. */
  before: string[];
  /** The messages that were given to the agent in the present turn, while it was at work in an earlier attempt. */
  steered: TurnMessage[];
}

export async function askedOf(context: AskedContext, task: TaskRecord): Promise<Asked> {
  const { turn = 1, prompt } = task.state;
  const begun_by = prompt?.message?.number ?? 1;
  const all = await told(context, task);
  const prompts = (some: Message[]) =>
    Promise.all(some.map((one) => promptOf(context, task.id, placeOf(one))));
  const before = await prompts(all.filter((one) => one.turn < turn).slice(-MOST_ASKED));
  const steered = await prompts(all.filter((one) => one.turn === turn && one.number > begun_by));
  return { before: before.map(({ text }) => cutToBytes(text, ASKED_BYTES)), steered };
}

/** What persons have told the agent after the task's prompt, the oldest first. */
async function told({ store }: AskedContext, { id, state }: TaskRecord): Promise<Message[]> {
  const { fresh_from = 1 } = state;
  const found: Message[] = [];
  for await (const one of store.messages.list(id, { reverse: true, limit: MESSAGES })) {
    const isTold = one.role === "user" && one.state === "delivered" && one.number > 1;
    if (isTold && one.attempt >= fresh_from) found.unshift(one);
  }
  return found;
}

function placeOf({ number, parts = 1, attachments }: Message) {
  return { number, parts, attachments };
}
