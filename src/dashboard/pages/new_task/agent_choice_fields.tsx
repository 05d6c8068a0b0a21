/** The model, the effort and the mode: what the agent offers, or any text where that is unknown. */
import { type ChoiceName, offeredTo } from "./agent_choices.ts";
import { agentChosen, change, draft } from "./draft.ts";
import { Field } from "./field.tsx";

export function AgentChoiceFields() {
  return (
    <>
      <AgentChoice of="model" hint="Empty: the agent's own choice." />
      <AgentChoice of="effort" hint="How much the model thinks. Empty: the agent's own choice." />
      <AgentChoice
        of="mode"
        hint="How the agent works, such as plan. Empty: the one that fits the permissions."
      />
    </>
  );
}

function AgentChoice({ of, hint }: { of: ChoiceName; hint: string }) {
  const { model } = draft.value;
  const chosen = agentChosen.value;
  const offered = offeredTo(of, chosen, model);
  const list = `offered-${of}`;
  return (
    <Field
      name={`task.execution.${of}`}
      hint={hint}
      onSuggestion={(value) => change({ [of]: value })}
    >
      {(attributes) => (
        <>
          <input
            {...attributes}
            list={list}
            autoComplete="off"
            spellcheck={false}
            placeholder={of === "model" ? chosen?.model ?? "" : ""}
            value={draft.value[of]}
            onInput={(event) => change({ [of]: event.currentTarget.value })}
          />
          <datalist id={list}>
            {offered.map(({ id, name }) => <option key={id} value={id}>{name ?? id}</option>)}
          </datalist>
        </>
      )}
    </Field>
  );
}
