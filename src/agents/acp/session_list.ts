/** The sessions that an agent keeps, where it has a list of them. */
import type { AgentSession } from "../../domain/agent_session.ts";
import type { WireObject } from "../makes/agent_make.ts";
import type { AgentCall } from "./agent_call.ts";
import { cut, objectOf, objectsOf, oneLine, textOf } from "./wire_value.ts";

const PAGES_MAX = 20;
const SESSIONS_MAX = 500;
const TITLE_CHARACTERS = 200;

/** Whether the agent has a list. `hello`: its reply to `initialize`. */
export function listsSessions(hello: WireObject): boolean {
  const abilities = objectOf(objectOf(hello.agentCapabilities)?.sessionCapabilities);
  return objectOf(abilities?.list) !== undefined;
}

/**
 * The sessions of this folder, or of all, as far as their folder is known: the first of them, as the agent lists them.
 * Rejects with `AgentFailure`.
 */
export async function listedSessions(
  call: AgentCall,
  working_dir: string | undefined,
  bound_ms: number,
): Promise<AgentSession[]> {
  const sessions: AgentSession[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX && sessions.length < SESSIONS_MAX; page++) {
    const reply = await call("session/list", { cwd: working_dir, cursor }, bound_ms);
    sessions.push(...objectsOf(reply.sessions).flatMap(sessionOf));
    const next = textOf(reply.nextCursor);
    if (next === undefined || next === cursor) break;
    cursor = next;
  }
  return sessions.slice(0, SESSIONS_MAX);
}

function sessionOf({ sessionId, cwd, title, updatedAt }: WireObject): AgentSession[] {
  const session_id = textOf(sessionId);
  const working_dir = textOf(cwd);
  // Without both, nothing can go on with it.
  if (session_id === undefined || session_id.length > 200 || working_dir === undefined) return [];
  const session: AgentSession = { session_id, working_dir };
  const named = oneLine(textOf(title) ?? "", TITLE_CHARACTERS);
  if (named !== "") session.title = named;
  const updated = textOf(updatedAt);
  if (updated !== undefined) session.updated_at = cut(updated, 50);
  return [session];
}
