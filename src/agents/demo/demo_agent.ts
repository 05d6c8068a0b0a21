/**
 * The agent of `--demo`: it speaks ACP on stdio and plays a script instead of asking a model. It plans,
 * edits a real file in its folder, asks for permission where it is told to, and a killed one goes on where
 * it was, since each finished step is noted in `.demo-agent/SESSION.json` of its folder.
 */
import type { AgentContext, SessionUpdate } from "@agentclientprotocol/sdk";
import { type Clock, isoTime } from "../../clock/clock.ts";
import { type DemoScript, demoScript } from "./demo_script.ts";
import { objectOf } from "../acp/wire_value.ts";

interface DemoSession {
  cwd: string;
  prompt: string;
  completed: number;
}

const STATE_FOLDER = ".demo-agent";
const CONTINUE = /^\s*(continue|resume)\b/i;

/** Serves one client until `stdin` closes. Needs read and write permission for the sessions' folders. */
export async function runDemoAgent(
  stdin: ReadableStream<Uint8Array>,
  stdout: WritableStream<Uint8Array>,
  clock: Clock,
): Promise<void> {
  const acp = await import("@agentclientprotocol/sdk");
  const sessions = new Map<string, DemoSession>();
  const turns = new Map<string, AbortController>();

  const sessionOf = (session_id: string): DemoSession => {
    const session = sessions.get(session_id);
    if (session === undefined) throw acp.RequestError.sessionNotFound(session_id);
    return session;
  };
  const reopen = async (session_id: string, cwd: string): Promise<DemoSession> => {
    const session = await readState(cwd, session_id);
    if (session === undefined) throw acp.RequestError.sessionNotFound(session_id);
    sessions.set(session_id, session);
    return session;
  };

  const connection = acp.agent({ name: "opencode-agents-demo" })
    .onRequest("initialize", () => ({
      protocolVersion: acp.PROTOCOL_VERSION,
      agentCapabilities: { loadSession: true, sessionCapabilities: { resume: {} } },
      agentInfo: { name: "opencode-agents-demo", title: "Demo agent", version: "1.0.0" },
      authMethods: [],
    }))
    .onRequest("session/new", ({ params }) => {
      const sessionId = `demo_${Math.floor(clock.random() * 36 ** 10).toString(36).padStart(10, "0")}`;
      sessions.set(sessionId, { cwd: params.cwd, prompt: "", completed: 0 });
      return { sessionId };
    })
    .onRequest("session/load", async ({ params, client }) => {
      const session = await reopen(params.sessionId, params.cwd);
      const tell = teller(client, params.sessionId);
      await tell({ sessionUpdate: "user_message_chunk", content: { type: "text", text: session.prompt } });
      await tell(planUpdate(demoScript(session.prompt), session.completed));
      return {};
    })
    .onRequest("session/resume", async ({ params }) => {
      await reopen(params.sessionId, params.cwd);
      return {};
    })
    .onNotification("session/cancel", ({ params }) => turns.get(params.sessionId)?.abort())
    .onRequest("session/prompt", async ({ params, client }) => {
      const session = sessionOf(params.sessionId);
      const text = params.prompt.map((block) => block.type === "text" ? block.text : "").join("\n");
      if (session.prompt === "" || !CONTINUE.test(text)) {
        Object.assign(session, { prompt: text, completed: 0 });
      }
      const turn = new AbortController();
      turns.set(params.sessionId, turn);
      try {
        return { stopReason: await play(params.sessionId, session, client, clock, turn.signal) };
      } catch (error) {
        throw error instanceof DemoFailure
          ? acp.RequestError.internalError({ details: error.message })
          : error;
      } finally {
        turns.delete(params.sessionId);
      }
    })
    .connect(acp.ndJsonStream(stdout, stdin));
  await connection.closed;
  for (const turn of turns.values()) turn.abort();
}

class DemoFailure extends Error {}

type Tell = (update: SessionUpdate) => Promise<void>;

function teller(client: AgentContext, sessionId: string): Tell {
  return (update) => client.notify("session/update", { sessionId, update });
}

/** Plays the steps that are left; one step is a piece of the plan, a word about it and an edit. */
async function play(
  session_id: string,
  session: DemoSession,
  client: AgentContext,
  clock: Clock,
  cancelled: AbortSignal,
): Promise<"end_turn" | "cancelled" | "refusal"> {
  const script = demoScript(session.prompt);
  const tell = teller(client, session_id);
  const say = (text: string, messageId: string) =>
    tell({ sessionUpdate: "agent_message_chunk", messageId, content: { type: "text", text } });

  if (script.refuse) {
    await say("I would rather not do that.", "refusal");
    return "refusal";
  }
  await writeState(session_id, session);
  for (let step = session.completed + 1; step <= script.steps.length; step++) {
    const title = script.steps[step - 1]!;
    await tell(planUpdate(script, step - 1));
    await say(`Step ${step} of ${script.steps.length}: ${title}.\n\n`, `step_${step}`);
    if (script.hang_at === step) await pause(clock, 86_400_000, cancelled);
    await pause(clock, script.delay_ms, cancelled);
    if (cancelled.aborted) return "cancelled";
    if (script.fail_at === step) throw new DemoFailure(`The demo was asked to fail at step ${step}`);

    const change = await nextChange(session, script, step, clock);
    const allowed = script.ask_at !== step || await mayEdit(client, session_id, script.file, step, change);
    if (cancelled.aborted) return "cancelled";
    if (allowed) await edit(tell, script, step, change);
    else await say(`Step ${step} was left out, since it was not permitted.\n\n`, `left_out_${step}`);
    session.completed = step;
    await writeState(session_id, session);
  }
  await tell(planUpdate(script, script.steps.length));
  await say(`All ${script.steps.length} steps are done; the result is in ${script.file}.`, "summary");
  await removeState(session_id, session);
  return "end_turn";
}

function planUpdate(script: DemoScript, completed: number): SessionUpdate {
  return {
    sessionUpdate: "plan",
    entries: script.steps.map((content, index) => ({
      content,
      priority: "medium" as const,
      status: index < completed ? "completed" : index === completed ? "in_progress" : "pending",
    })),
  };
}

/** An edit that is not made yet; `oldText` is null when there is no such file. */
interface Change {
  path: string;
  oldText: string | null;
  newText: string;
}

/** A line about the step, added to the file. */
async function nextChange(
  session: DemoSession,
  script: DemoScript,
  step: number,
  clock: Clock,
): Promise<Change> {
  const path = `${session.cwd}/${script.file}`;
  const oldText = await textAt(path);
  return {
    path,
    oldText,
    newText: `${oldText ?? ""}- ${isoTime(clock.now())} ${script.steps[step - 1]}\n`,
  };
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

async function edit(tell: Tell, script: DemoScript, step: number, change: Change): Promise<void> {
  const toolCallId = `edit_${step}`;
  await tell({
    sessionUpdate: "tool_call",
    toolCallId,
    title: `Edit ${script.file}`,
    kind: "edit",
    status: "in_progress",
    locations: [{ path: change.path }],
    rawInput: { file: script.file, step },
  });
  await Deno.writeTextFile(change.path, change.newText);
  await tell({
    sessionUpdate: "tool_call_update",
    toolCallId,
    status: "completed",
    content: [{ type: "diff", ...change }],
  });
}

/** Null when there is no such file. */
async function textAt(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Waits, at most until the turn is cancelled. */
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

const statePath = (cwd: string, session_id: string) => `${cwd}/${STATE_FOLDER}/${session_id}.json`;

async function writeState(session_id: string, session: DemoSession): Promise<void> {
  await Deno.mkdir(`${session.cwd}/${STATE_FOLDER}`, { recursive: true });
  const path = statePath(session.cwd, session_id);
  // Renamed into place, so that a kill leaves either the old state or the new one.
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(session));
  await Deno.rename(`${path}.new`, path);
}

async function readState(cwd: string, session_id: string): Promise<DemoSession | undefined> {
  if (!/^demo_[a-z0-9]+$/.test(session_id)) return undefined;
  const text = await textAt(statePath(cwd, session_id));
  if (text === null) return undefined;
  const state = objectOf(JSON.parse(text)) ?? {};
  return { cwd, prompt: String(state.prompt ?? ""), completed: Number(state.completed) || 0 };
}

async function removeState(session_id: string, session: DemoSession): Promise<void> {
  await Deno.remove(statePath(session.cwd, session_id));
  // Not empty while another session of this folder is at work; then that one removes it.
  await Deno.remove(`${session.cwd}/${STATE_FOLDER}`).catch(() => {});
}
