/** The task's agent: which there are, whether each is ready, and what to do if the chosen one is not. */
import type { ListedAgent } from "../../../protocol/basic_messages.ts";
import { readinessOf } from "../../ui/readiness.ts";
import { WithCode } from "../../ui/with_code.tsx";
import { agentChosen, change, draft, projectFor } from "./draft.ts";
import { Field } from "./field.tsx";
import { agentFor, knownAgents } from "../../data/known_agents.ts";

export function AgentField() {
  const { agent, type } = draft.value;
  const own = projectFor.value?.agent;
  return (
    <Field
      name="task.execution.agent"
      hint={<Hint chosen={agentChosen.value} />}
      onSuggestion={(value) => change({ agent: value })}
    >
      {(attributes) => (
        <>
          <input
            {...attributes}
            list="known-agents"
            autoComplete="off"
            spellcheck={false}
            placeholder={own ?? agentFor(type) ?? "Default"}
            value={agent}
            onInput={(event) => change({ agent: event.currentTarget.value })}
          />
          <datalist id="known-agents">
            {knownAgents.value.map((one) => (
              <option key={one.name} value={one.name}>
                {[readinessOf(one).words, one.version].filter(Boolean).join(" · ")}
              </option>
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

function Hint({ chosen }: { chosen: ListedAgent | undefined }) {
  if (chosen?.todo === undefined) {
    return (
      <>
        Empty:{" "}
        {projectFor.value?.agent === undefined
          ? "the default for tasks of this type"
          : "the project's agent"}.
      </>
    );
  }
  return (
    <span class="agent-todo">
      <b>{readinessOf(chosen).words}.</b> <WithCode text={chosen.todo} />
    </span>
  );
}
