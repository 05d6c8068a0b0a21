/** The agent's session that the task goes on with. The agent is asked for its list only on request: that starts it. */
import { useState } from "preact/hooks";
import type { AgentSession } from "../../../domain/agent_session.ts";
import { PROBE_ANSWER_MS } from "../../../domain/probe_bounds.ts";
import { dateTime } from "../../../protocol/formats.ts";
import { client } from "../../data/server.ts";
import { agentChosen, change, draft } from "./draft.ts";
import { Field } from "./field.tsx";

const LIST = "sessions-of-agent";

type Found = "none" | "looking" | { sessions: readonly AgentSession[] } | { problem: string };

export function SessionField() {
  const [found, setFound] = useState<Found>("none");
  const { session, working_dir } = draft.value;
  const agent = agentChosen.value?.name;
  const look = async () => {
    setFound("looking");
    try {
      const { sessions } = await client.request(
        "list_agent_sessions",
        { agent: agent!, working_dir: working_dir.trim() || undefined },
        { timeout_ms: PROBE_ANSWER_MS },
      );
      setFound({ sessions });
    } catch (error) {
      setFound({ problem: error instanceof Error ? error.message : String(error) });
    }
  };
  const choose = (id: string) => {
    const one = typeof found === "object" && "sessions" in found &&
      found.sessions.find(({ session_id }) => session_id === id);
    // A session goes on in its own folder.
    change(one ? { session: id, working_dir: one.working_dir } : { session: id });
  };
  return (
    <Field name="task.execution.session" hint={hintOf(found, session)} isWide>
      {(attributes) => (
        <div class="session-field">
          <input
            {...attributes}
            class="mono"
            autoComplete="off"
            spellcheck={false}
            list={LIST}
            value={session}
            onInput={(event) => choose(event.currentTarget.value)}
          />
          <datalist id={LIST}>
            {typeof found === "object" && "sessions" in found &&
              found.sessions.map((one) => (
                <option key={one.session_id} value={one.session_id}>{optionOf(one)}</option>
              ))}
          </datalist>
          <button
            type="button"
            disabled={agent === undefined || found === "looking"}
            onClick={() => void look()}
          >
            List sessions
          </button>
        </div>
      )}
    </Field>
  );
}

function hintOf(found: Found, chosen: string): string {
  if (found === "none") {
    return "The id of a session of the agent, such as one that you began yourself. Empty: a new one.";
  }
  if (found === "looking") return "Starting the agent to list its sessions.";
  if ("problem" in found) return found.problem;
  const { sessions, sessions: { length } } = found;
  const one = sessions.find(({ session_id }) => session_id === chosen);
  if (one) return `The task goes on with “${one.title ?? one.session_id}”.`;
  return length === 0 ? "The agent has none in folders that tasks may use." : `${length} found: choose one.`;
}

function optionOf({ title, working_dir, updated_at }: AgentSession): string {
  return [title, updated_at && dateTime(updated_at), working_dir].filter(Boolean).join(" · ");
}
