/** The message that begins a turn, as its agent gets it. */
import type { TurnPrompt } from "../../domain/message.ts";
import type { TurnMessage } from "../../domain/run.ts";
import type { RunContext } from "../run_context.ts";

/** Throws `DATABASE_ERROR` if its text is gone, `FILE_NOT_FOUND` if an attachment is. */
export async function promptOf(
  { store, attachments: files }: Pick<RunContext, "store" | "attachments">,
  task_id: string,
  message: NonNullable<TurnPrompt["message"]>,
): Promise<TurnMessage> {
  const text = await store.messages.text(task_id, message);
  return { text, attachments: message.attachments && files?.of(message.attachments) };
}
