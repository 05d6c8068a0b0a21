/** What the first prompt of a run tells the agent: what is new to its session, and what that has lost. */
import type { RunRequest, TurnMessage } from "../../domain/run.ts";
import type { WireObject } from "../makes/agent_make.ts";
import { attachmentBlocks, type Delivery } from "./attachments.ts";
import { firstPrompt, goOnPrompt, hasWorked } from "./prompt.ts";
import type { Replay } from "./replay.ts";
import type { OpenedSession } from "./session.ts";

/** How the agent gets attachments. */
export type Delivering = Omit<Delivery, "again">;

/** The blocks of a message, with its attachments. `again`: the session has had it. */
export async function messageBlocks(
  { text, attachments = [] }: TurnMessage,
  delivering: Delivering,
): Promise<WireObject[]> {
  return [{ type: "text", text }, ...await attachmentBlocks(attachments, { ...delivering, again: false })];
}

/** The blocks of the first prompt. `warn`: takes what a person should know of it. */
export async function openingPrompt(
  request: RunRequest,
  opened: OpenedSession,
  replay: Replay,
  delivering: Delivering,
  warn: (message: string) => Promise<void>,
): Promise<WireObject[]> {
  const { task, earlier, attachments = [], message } = request;
  const goesOn = opened.resumed && knowsTask(request, opened, replay);
  const ofTask = (again: boolean) => attachmentBlocks(attachments, { ...delivering, again });
  if (message === undefined) {
    const prompt = goesOn ? goOnPrompt(earlier) : firstPrompt(task, earlier);
    return [...prompt, ...await ofTask(goesOn)];
  }
  if (!goesOn) {
    const told = [...firstPrompt(task, earlier, true), ...await ofTask(false)];
    return [...told, ...await messageBlocks(message, delivering)];
  }
  // What was put into the folder went with the last attempt.
  const files = await ofTask(true);
  if (message.mayBeTold && opened.replayed && replay.timesTold(message.text) > (message.copies ?? 0)) {
    const again = await attachmentBlocks(message.attachments ?? [], { ...delivering, again: true });
    return [...goOnPrompt(earlier), ...files, ...again];
  }
  if (message.mayBeTold && !opened.replayed) {
    await warn(
      "The last message is told again: the agent does not show whether it had it before its turn was interrupted",
    );
  }
  return [...files, ...await messageBlocks(message, delivering)];
}

/** A session that was killed before its prompt arrived is empty, so it needs the prompt. */
function knowsTask({ earlier, resume }: RunRequest, { replayed }: OpenedSession, replay: Replay): boolean {
  // A session that was taken up is not empty, but has not heard of the task before its agent has worked for it.
  return replayed && !resume?.adopted ? replay.count > 0 : earlier !== undefined && hasWorked(earlier);
}
