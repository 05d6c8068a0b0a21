/** The agent's environment: any number of names and values. */
import { Plus } from "lucide-preact";
import { HIDDEN } from "../../../domain/hidden_value.ts";
import { change, draft, edited } from "./draft.ts";
import { elementId, mended, problems } from "./problems.ts";

const NAME = "task.execution.env";

export function EnvFields() {
  const { env } = draft.value;
  const id = elementId(NAME);
  const own = problems.value.filter(({ field }) => field === NAME);
  const set = (at: number, changes: { name?: string; value?: string }) => {
    mended(NAME);
    change({ env: env.map((one, i) => i === at ? { ...one, ...changes } : one) });
  };
  const invalid = own.length > 0 ? { "aria-invalid": true, "aria-describedby": `${id}-problem` } : {};
  return (
    <fieldset class="field field-wide env">
      <legend>Environment</legend>
      {env.map(({ name, value }, i) => (
        <div class="env-row" key={i}>
          <input
            id={i === 0 ? id : undefined}
            {...invalid}
            class="mono"
            aria-label={`Name of variable ${i + 1}`}
            placeholder="NAME"
            autoComplete="off"
            spellcheck={false}
            value={name}
            onInput={(event) => set(i, { name: event.currentTarget.value })}
          />
          <input
            class="mono"
            aria-label={`Value of variable ${i + 1}`}
            placeholder="value"
            autoComplete="off"
            spellcheck={false}
            value={value}
            onInput={(event) => set(i, { value: event.currentTarget.value })}
          />
          <button
            type="button"
            class="icon-button"
            aria-label={`Remove variable ${i + 1}`}
            onClick={() => {
              mended(NAME);
              change({ env: env.filter((_, at) => at !== i) });
            }}
          >
            ×
          </button>
        </div>
      ))}
      {env.some(({ value }) => value === HIDDEN) && (
        <p class="field-hint">
          {edited.value === undefined
            ? `${HIDDEN} stands for a value that is not shown, and so was not copied. Type it again.`
            : `${HIDDEN} stands for a value that is not shown. It stays as it is unless you type another.`}
        </p>
      )}
      {own.length > 0 && (
        <div class="field-problem" id={`${id}-problem`}>
          {own.map(({ message, code }) => <div key={message}>{message} {code && <code>{code}</code>}</div>)}
        </div>
      )}
      <button
        type="button"
        class="env-add"
        onClick={() => change({ env: [...env, { name: "", value: "" }] })}
      >
        <Plus size={15} aria-hidden="true" /> Add a variable
      </button>
    </fieldset>
  );
}
