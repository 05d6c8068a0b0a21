/** A field of the form with a choice of values. */
import { change, type Draft, draft } from "./draft.ts";
import { Field, type FieldProps } from "./field.tsx";

type ChoiceName =
  | "type"
  | "priority"
  | "interval"
  | "permissions"
  | "isolation"
  | "delegate"
  | "after"
  | "inherit";

interface ChoiceProps<Name extends ChoiceName> extends Omit<FieldProps, "children"> {
  of: Name;
  /** What each value is called, in the order in which they are offered. */
  choices: Readonly<Record<Draft[Name], string>>;
}

export function ChoiceField<Name extends ChoiceName>({ of, choices, ...field }: ChoiceProps<Name>) {
  return (
    <Field {...field}>
      {(attributes) => (
        <select
          {...attributes}
          value={draft.value[of]}
          onChange={(event) => change({ [of]: event.currentTarget.value })}
        >
          {Object.entries<string>(choices).map(([value, name]) => (
            <option key={value} value={value}>{name}</option>
          ))}
        </select>
      )}
    </Field>
  );
}
