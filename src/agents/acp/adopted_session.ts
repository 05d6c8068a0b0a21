/** A session that a task takes up, such as one that a person began. The task goes on with it, or fails. */
import type { RunRequest } from "../../domain/run_request.ts";
import type { WireObject } from "../makes/agent_make.ts";
import { type AgentFailure, type AgentRefusal, NotOffered } from "./agent_failure.ts";
import { listedSessions, listsSessions } from "./session_list.ts";
import type { AgentCall } from "./agent_call.ts";

/**
 * Throws `NotOffered` unless the session belongs to the task's folder. Agents load a session in any folder, also one of a
 * folder that tasks may not use. `hello`: the reply to `initialize`. An agent without a list is believed.
 */
export async function requireOfFolder(
  { resume, working_dir }: RunRequest,
  hello: WireObject,
  call: AgentCall,
  bound_ms: number,
): Promise<void> {
  if (!resume?.adopted || !listsSessions(hello)) return;
  const { session_id } = resume;
  const isThere = (await listedSessions(call, working_dir, bound_ms)).some((one) =>
    one.session_id === session_id && one.working_dir === working_dir
  );
  if (!isThere) throw cannotGoOn(session_id, `it lists no such session of the folder ${working_dir}`);
}

export function cannotGoOn(session_id: string, why: string): NotOffered {
  return new NotOffered(`The agent cannot go on with session '${session_id}': ${why}`, {
    field: "task.execution.session",
    value: session_id,
    expected: "a session of the agent in the task's folder; see list_agent_sessions",
  });
}

/** What a refusal to load it means for the task. */
export function refusedToLoad(error: AgentRefusal, session_id: string): AgentFailure {
  return error.wants_login ? error : cannotGoOn(session_id, error.message);
}
