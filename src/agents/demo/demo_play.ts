/** Plays the script of a demo session. Each step updates the plan, says a sentence and makes an edit. */
import type { AgentContext, SessionUpdate } from "@agentclientprotocol/sdk";
import { type Clock, isoTime } from "../../clock/clock.ts";
import { dirname } from "node:path";
import type { DemoEdit } from "./demo_edits.ts";
import { type DemoScript, demoScript } from "./demo_script.ts";
import { type DemoSession, textAt, writeState } from "./demo_session.ts";

/** Thrown if the prompt asks the demo to fail. */
export class DemoFailure extends Error {}

type SendUpdate = (update: SessionUpdate) => Promise<void>;

/** A function that sends updates of one session. */
export function updates(client: AgentContext, sessionId: string): SendUpdate {
  return (update) => client.notify("session/update", { sessionId, update });
}

/** Plays the steps that are left. Throws `DemoFailure` at the step where the script says so. */
export async function play(
  session_id: string,
  session: DemoSession,
  client: AgentContext,
  clock: Clock,
  cancelled: AbortSignal,
  asks: boolean,
): Promise<"end_turn" | "cancelled" | "refusal"> {
  const script = demoScript(session.prompt, session.written);
  const send = updates(client, session_id);
  const say = (text: string, messageId: string) =>
    send({ sessionUpdate: "agent_message_chunk", messageId, content: { type: "text", text } });

  if (script.refuse) {
    await say("I would rather not do that.", "refusal");
    return "refusal";
  }
  await writeState(session_id, session);
  for (let step = session.completed + 1; step <= script.steps.length; step++) {
    const { title, edit } = script.steps[step - 1]!;
    await send(planUpdate(script, step - 1));
    await say(`Step ${step} of ${script.steps.length}: ${title}.\n\n`, `step_${step}`);
    if (script.hang_at === step) await pause(clock, 86_400_000, cancelled);
    await pause(clock, script.delay_ms, cancelled);
    if (cancelled.aborted) return "cancelled";
    if (script.fail_at === step) throw new DemoFailure(`The demo was asked to fail at step ${step}`);

    if (script.question_at === step) await say(await answerOf(client, session_id), `answer_${step}`);
    if (edit !== undefined) {
      const change = await changeOf(session, edit, clock);
      const isAsked = asks || script.ask_at === step;
      const allowed = !isAsked || await mayEdit(client, session_id, edit.file, step, change);
      if (cancelled.aborted) return "cancelled";
      if (allowed) await make(send, edit.file, step, change);
      else await say(`Step ${step} was left out, since it was not permitted.\n\n`, `left_out_${step}`);
      if (allowed && script.isTold) session.written = edit.file;
    }
    session.completed = step;
    await writeState(session_id, session);
  }
  await send(planUpdate(script, script.steps.length));
  await say(`All ${script.steps.length} steps are done; the result is in ${filesOf(script)}.`, "summary");
  return "end_turn";
}

/** The plan with the first `completed` steps done. */
export function planUpdate(script: DemoScript, completed: number): SessionUpdate {
  return {
    sessionUpdate: "plan",
    entries: script.steps.map(({ title }, index) => ({
      content: title,
      priority: "medium" as const,
      status: index < completed ? "completed" : index === completed ? "in_progress" : "pending",
    })),
  };
}

/** An edit before it is made. `oldText` is null if there is no such file. */
interface Change {
  path: string;
  oldText: string | null;
  newText: string;
}

async function changeOf({ cwd }: DemoSession, { file, change }: DemoEdit, clock: Clock): Promise<Change> {
  const path = `${cwd}/${file}`;
  const oldText = await textAt(path);
  return { path, oldText, newText: change(oldText, isoTime(clock.now())) };
}

/** The files that the steps write, each once. */
function filesOf({ steps }: DemoScript): string {
  return [...new Set(steps.flatMap(({ edit }) => edit === undefined ? [] : [edit.file]))].join(", ");
}

async function mayEdit(
  client: AgentContext,
  sessionId: string,
  file: string,
  step: number,
  change: Change,
): Promise<boolean> {
  const { outcome } = await client.request("session/request_permission", {
    sessionId,
    toolCall: {
      toolCallId: `edit_${step}`,
      title: `Edit ${file}`,
      kind: "edit",
      rawInput: { file, step },
      content: [{ type: "diff", ...change }],
    },
    options: [
      { optionId: "yes", name: "Allow", kind: "allow_once" },
      { optionId: "always", name: "Always allow", kind: "allow_always" },
      { optionId: "no", name: "Reject", kind: "reject_once" },
    ],
  });
  return outcome.outcome === "selected" && outcome.optionId !== "no";
}

async function answerOf(client: AgentContext, sessionId: string): Promise<string> {
  const answer = await client.request("elicitation/create", {
    sessionId,
    mode: "form",
    message: "Which color shall it be?",
    requestedSchema: {
      type: "object",
      properties: {
        color: {
          type: "string",
          title: "Color",
          oneOf: [{ const: "red", title: "Red" }, {
            const: "blue",
            title: "Blue",
            description: "Like the sky",
          }],
        },
        extras: {
          type: "array",
          title: "Extras",
          items: { anyOf: [{ const: "bow", title: "A bow" }, { const: "box", title: "A box" }] },
        },
        count: { type: "integer", title: "How many", minimum: 1, maximum: 9, default: 1 },
        gift: { type: "boolean", title: "It is a gift" },
        note: { type: "string", title: "Note", maxLength: 100 },
      },
      required: ["color"],
    },
  });
  const content = answer.action === "accept" ? JSON.stringify(answer.content) : "";
  return `The answer: ${answer.action} ${content}\n\n`;
}

async function make(send: SendUpdate, file: string, step: number, change: Change): Promise<void> {
  const toolCallId = `edit_${step}`;
  await send({
    sessionUpdate: "tool_call",
    toolCallId,
    title: `Edit ${file}`,
    kind: "edit",
    status: "in_progress",
    locations: [{ path: change.path }],
    rawInput: { file, step },
  });
  await Deno.mkdir(dirname(change.path), { recursive: true });
  await Deno.writeTextFile(change.path, change.newText);
  await send({
    sessionUpdate: "tool_call_update",
    toolCallId,
    status: "completed",
    content: [{ type: "diff", ...change }],
  });
}

/** Waits, but not longer than until the turn is cancelled. */
function pause(clock: Clock, delay_ms: number, cancelled: AbortSignal): Promise<void> {
  if (cancelled.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      cancelled.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.after(delay_ms, done);
    cancelled.addEventListener("abort", done, { once: true });
  });
}
