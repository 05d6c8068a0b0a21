/**
 * The agent of `--demo`. It speaks ACP on stdio and plays a script instead of asking a model: it plans, edits a real
 * file in its folder, and asks for permission if the prompt says so.
 */
import type { Clock } from "../../clock/clock.ts";
import { DemoFailure, planUpdate, play, updates } from "./demo_play.ts";
import { demoScript } from "./demo_script.ts";
import { type DemoSession, readState, tell } from "./demo_session.ts";

const CONTINUE = /^\s*(continue|resume)\b/i;

/**
 * Serves one client until `stdin` closes. Needs read and write permission for the sessions' folders. `asks`: it asks
 * before each edit, whatever the script says.
 */
export async function runDemoAgent(
  stdin: ReadableStream<Uint8Array>,
  stdout: WritableStream<Uint8Array>,
  clock: Clock,
  asks = false,
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
      sessions.set(sessionId, { cwd: params.cwd, prompt: "", told: [], completed: 0 });
      return { sessionId };
    })
    .onRequest("session/load", async ({ params, client }) => {
      const session = await reopen(params.sessionId, params.cwd);
      const send = updates(client, params.sessionId);
      for (const [at, text] of session.told.entries()) {
        const messageId = `told_${at}`;
        await send({ sessionUpdate: "user_message_chunk", messageId, content: { type: "text", text } });
      }
      await send(planUpdate(demoScript(session.prompt, session.written), session.completed));
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
        tell(session, text);
      }
      const turn = new AbortController();
      turns.set(params.sessionId, turn);
      try {
        return { stopReason: await play(params.sessionId, session, client, clock, turn.signal, asks) };
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
