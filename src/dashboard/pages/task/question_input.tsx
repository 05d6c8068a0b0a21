/** One field of a question's form. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { QuestionField, QuestionOption } from "../../../domain/question.ts";
import { choicesOf } from "../../../domain/question_choices.ts";
import type { Typed } from "./question_answer.ts";

/** More choices than this are in a list that opens. */
const MOST_RADIOS = 8;

interface QuestionInputProps {
  name: string;
  field: QuestionField;
  isRequired: boolean;
  value: Typed[string];
  problem: string | undefined;
  onChange: (value: Typed[string]) => void;
}

export function QuestionInput(props: QuestionInputProps) {
  const { name, field, isRequired, value, problem, onChange } = props;
  const id = useId();
  const label = `${field.title ?? name}${isRequired ? "" : " (optional)"}`;
  const described = [field.description && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  const attributes = {
    id,
    "aria-invalid": problem === undefined ? undefined : true,
    "aria-describedby": described || undefined,
  };
  const more = (
    <>
      {problem !== undefined && <div class="field-problem" id={`${id}-problem`}>{problem}</div>}
      {field.description && <div class="field-hint" id={`${id}-hint`}>{field.description}</div>}
    </>
  );
  const choices = choicesOf(field);
  if (field.type === "array" || choices !== undefined && choices.length <= MOST_RADIOS) {
    return (
      <fieldset class="field question-choices" aria-describedby={attributes["aria-describedby"]}>
        <legend>{label}</legend>
        {(choices ?? []).map((choice) => (
          <Choice
            key={choice.const}
            choice={choice}
            kind={field.type === "array" ? "checkbox" : "radio"}
            group={id}
            isChosen={Array.isArray(value) ? value.includes(choice.const) : value === choice.const}
            onChange={(isChosen) => onChange(chosen(field, value, choice.const, isChosen))}
          />
        ))}
        {!isRequired && typeof value === "string" && (
          <button
            type="button"
            class="question-clear"
            onClick={() => onChange(undefined)}
          >
            No choice
          </button>
        )}
        {more}
      </fieldset>
    );
  }
  if (field.type === "boolean") {
    return (
      <div class="field question-choices">
        <label class="question-choice">
          <input
            {...attributes}
            type="checkbox"
            checked={value === true}
            onChange={(event) => onChange(event.currentTarget.checked)}
          />
          <span>{label}</span>
        </label>
        {more}
      </div>
    );
  }
  const typed = typeof value === "string" ? value : "";
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {control({ field, choices, attributes, typed, onChange })}
      {more}
    </div>
  );
}

function chosen(
  field: QuestionField,
  value: Typed[string],
  choice: string,
  isChosen: boolean,
): Typed[string] {
  if (field.type !== "array") return isChosen ? choice : undefined;
  const others = (Array.isArray(value) ? value : []).filter((other) => other !== choice);
  return isChosen ? [...others, choice] : others;
}

const INPUT_TYPES = { email: "email", uri: "url", date: "date", "date-time": "text" };

function control({ field, choices, attributes, typed, onChange }: {
  field: QuestionField;
  choices: readonly QuestionOption[] | undefined;
  attributes: Record<string, unknown>;
  typed: string;
  onChange: (value: string) => void;
}): ComponentChildren {
  if (choices !== undefined) {
    return (
      <select {...attributes} value={typed} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">No choice</option>
        {choices.map((choice) => <option key={choice.const} value={choice.const}>{choice.title}</option>)}
      </select>
    );
  }
  const onInput = (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value);
  if (field.type !== "string") {
    const inputMode = field.type === "integer" ? "numeric" as const : "decimal" as const;
    return <input {...attributes} inputMode={inputMode} value={typed} onInput={onInput} />;
  }
  const type = field.format && INPUT_TYPES[field.format];
  return type === undefined
    ? <textarea {...attributes} rows={typed.includes("\n") ? 4 : 1} value={typed} onInput={onInput} />
    : (
      <input
        {...attributes}
        type={type}
        placeholder={field.format === "date-time" ? "2026-03-31T09:00:00Z" : undefined}
        value={typed}
        onInput={onInput}
      />
    );
}

function Choice({ choice, kind, group, isChosen, onChange }: {
  choice: QuestionOption;
  kind: "checkbox" | "radio";
  group: string;
  isChosen: boolean;
  onChange: (isChosen: boolean) => void;
}) {
  return (
    <label class="question-choice">
      <input
        type={kind}
        name={group}
        checked={isChosen}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>
        {choice.title}
        {choice.description && <span class="field-hint">{choice.description}</span>}
      </span>
    </label>
  );
}
