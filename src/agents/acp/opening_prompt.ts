/** What the prompts of a run tell the agent: what is new to its session, and what that has lost. */
import type { RunRequest, TurnMessage } from "../../domain/run_request.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { attachmentBlocks, type Delivery } from "./attachments.ts";
import { lateAnswersText } from "./late_answers.ts";
import { firstPrompt, goOnPrompt, hasWorked } from "./prompt.ts";
import type { Replay } from "./replay.ts";
import type { OpenedSession } from "./session.ts";

/** How the agent gets attachments. */
export type Delivering = Omit<Delivery, "again">;

/** The blocks of a message that the session has not had, with its attachments. */
export async function messageBlocks(
  { text, attachments = [] }: TurnMessage,
  delivering: Delivering,
): Promise<WireObject[]> {
  return [{ type: "text", text }, ...await attachmentBlocks(attachments, { ...delivering, again: false })];
}

/** The blocks that follow a turn which the session has forgotten: `told` is what the agent was told in it. */
export function afterForgotten(told: readonly WireObject[], blocks: readonly WireObject[]): WireObject[] {
  const text = (text: string) => ({ type: "text", text });
  return [
    text(
      "You were interrupted before you had answered. What you did until then stays. This is what you had been told:",
    ),
    ...told,
    text("This is what you are told now:"),
    ...blocks,
  ];
}

/** The blocks of the first prompt. `warn`: takes what a person should know of it. */
export async function openingPrompt(
  ...asked: Parameters<typeof promptBeforeAnswers>
): Promise<WireObject[]> {
  const late = lateAnswersText(asked[0].late_answers ?? []);
  const blocks = await promptBeforeAnswers(...asked);
  return late === undefined ? blocks : [...blocks, { type: "text", text: late }];
}

async function promptBeforeAnswers(
  request: RunRequest,
  opened: OpenedSession,
  replay: Replay,
  delivering: Delivering,
  make: Pick<AgentMake, "forgets_ended_turns">,
  warn: (message: string) => Promise<void>,
): Promise<WireObject[]> {
  const { task, earlier, attachments = [], message, steered = [] } = request;
  const isForgotten = make.forgets_ended_turns && opened.replayed && replay.timesTold(task.prompt) === 0;
  const goesOn = opened.resumed && knowsTask(request, opened, replay) && !isForgotten;
  const ofTask = await attachmentBlocks(attachments, { ...delivering, again: goesOn });
  const untold = steered.filter(({ text }) => !goesOn || !opened.replayed || replay.timesTold(text) === 0);
  const ofTurn = (await Promise.all(untold.map((one) => messageBlocks(one, delivering)))).flat();
  if (message === undefined) {
    const prompt = goesOn ? goOnPrompt(earlier) : firstPrompt(task, earlier);
    return [...prompt, ...ofTask, ...ofTurn];
  }
  if (!goesOn) {
    return [
      ...firstPrompt(task, earlier, true),
      ...ofTask,
      ...await messageBlocks(message, delivering),
      ...ofTurn,
    ];
  }
  if (message.mayBeTold && opened.replayed && replay.timesTold(message.text) > (message.copies ?? 0)) {
    const again = await attachmentBlocks(message.attachments ?? [], { ...delivering, again: true });
    return [...goOnPrompt(earlier), ...ofTask, ...again, ...ofTurn];
  }
  if (message.mayBeTold && !opened.replayed) {
    await warn(
      "The last message is told again: the agent does not show whether it had it before its turn was interrupted",
    );
  }
  return [...ofTask, ...await messageBlocks(message, delivering), ...ofTurn];
}

/** A session that was killed before its prompt arrived is empty, so it needs the prompt. */
function knowsTask({ earlier, resume }: RunRequest, { replayed }: OpenedSession, replay: Replay): boolean {
  // A session that was taken up is not empty, but has not heard of the task before its agent has worked for it.
  return replayed && !resume?.adopted ? replay.count > 0 : earlier !== undefined && hasWorked(earlier);
}
