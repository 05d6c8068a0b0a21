/** A labelled field with the problem that the server reports. */
import { useId } from "preact/hooks";
import type { FieldProblems } from "./change.ts";

export interface FieldProps {
  label: string;
  hint?: string;
  /** The message's field, such as `suspend.seconds`. */
  field: string;
  problems: FieldProblems;
  value: string;
  onInput: (value: string) => void;
  placeholder?: string;
  isNumber?: boolean;
}

export function Field({ label, hint, field, problems, value, onInput, placeholder, isNumber }: FieldProps) {
  const id = useId();
  const problem = problems.get(field);
  return (
    <div class="field">
      <label for={id}>
        {label} {hint && <span class="muted">{hint}</span>}
      </label>
      <input
        id={id}
        value={value}
        placeholder={placeholder}
        inputMode={isNumber ? "numeric" : "text"}
        autoComplete="off"
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `${id}-problem`}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      {problem !== undefined && <span id={`${id}-problem`} class="field-problem">{problem}</span>}
    </div>
  );
}
