/** The turns of a task that have ended, as its store knows them. */
import type { TurnRecord } from "../domain/message.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import { numbering } from "../domain/turns.ts";
import type { Message } from "../store/messages.ts";
import type { Store } from "../store/open.ts";

type Conversations = Pick<Store, "messages" | "outputs">;

/** A turn that has ended, in one attempt. */
export interface Turn extends TurnRecord {
  /** Of its message. */
  number: number;
}

/** The newest turns first. */
export async function* newestTurns(
  { messages, outputs }: Conversations,
  { id, spec, state }: TaskRecord,
): AsyncGenerator<Turn> {
  const { last, old } = numbering(state);
  if (last > 1 + old) {
    for await (const message of messages.list(id, { reverse: true })) {
      if (message.role === "agent") yield turnOfMessage(message);
    }
  }
  for (let attempt = old; attempt > 0; attempt--) {
    const output = await outputs.get(id, attempt);
    if (output === undefined) continue;
    const known = state.attempts.find((one) => one.attempt === attempt);
    const { turn = 1, started_at = spec.created_at, ended_at = started_at } = known ?? {};
    yield { ...output, number: attempt + 1, attempt, turn, source: "task", started_at, ended_at };
  }
}

function turnOfMessage(message: Message): Turn {
  const { number, turn, attempt, source, at, started_at = at, text } = message;
  const { exit_code, stop_reason, usage, warnings, checks, left_running } = message;
  return {
    number,
    turn,
    attempt,
    source,
    started_at,
    ended_at: at,
    output: text,
    exit_code,
    stop_reason,
    usage,
    warnings,
    checks,
    left_running,
  };
}

/** The last turn that has ended in this attempt or a later one. */
export async function lastTurn(
  store: Conversations,
  task: TaskRecord,
  since_attempt = 1,
): Promise<Turn | undefined> {
  for await (const turn of newestTurns(store, task)) return turn.attempt >= since_attempt ? turn : undefined;
  return undefined;
}
