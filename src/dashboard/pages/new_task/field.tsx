/** One field of the form: its label, its hint, and its problems. */
import type { ComponentChildren } from "preact";
import { elementId, type Field as FieldName, FIELDS, mended, problems } from "./problems.ts";

/** The attributes that tie a control to its label, hint and problems. */
export interface ControlAttributes {
  id: string;
  "aria-invalid"?: boolean;
  "aria-describedby"?: string;
}

export interface FieldProps {
  name: FieldName;
  label?: string;
  hint?: ComponentChildren;
  /** Puts a suggested value into the field. */
  onSuggestion?: (value: string) => void;
  /** Spans both columns. */
  isWide?: boolean;
  children: (attributes: ControlAttributes) => ComponentChildren;
}

export function Field({ name, label = FIELDS[name], hint, onSuggestion, isWide, children }: FieldProps) {
  const id = elementId(name);
  const own = problems.value.filter(({ field }) => field === name);
  const described = [hint ? `${id}-hint` : "", own.length > 0 ? `${id}-problem` : ""].filter(Boolean).join(
    " ",
  );
  const attributes = {
    id,
    "aria-invalid": own.length > 0 ? true : undefined,
    "aria-describedby": described || undefined,
  };
  return (
    <div
      class={`field${isWide ? " field-wide" : ""}`}
      onInput={() => mended(name)}
      onChange={() => mended(name)}
    >
      <label for={id}>{label}</label>
      {children(attributes)}
      {own.length > 0 && (
        <div class="field-problem" id={`${id}-problem`}>
          {own.map(({ message, code, suggestions = [] }) => (
            <div key={message}>
              <span>{message}</span> {code && <code>{code}</code>}
              {onSuggestion && suggestions.length > 0 && (
                <div class="field-suggestions">
                  {suggestions.map((value) => (
                    <button
                      key={value}
                      type="button"
                      onClick={() => {
                        mended(name);
                        onSuggestion(value);
                        document.getElementById(id)?.focus();
                      }}
                    >
                      Use {value}
                    </button>
                  ))}
                </div>
              )}
            </div>
          ))}
        </div>
      )}
      {hint && <div class="field-hint" id={`${id}-hint`}>{hint}</div>}
    </div>
  );
}
