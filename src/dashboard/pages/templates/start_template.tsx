/** The blanks of a template, and the button that starts its task. */
import { useState } from "preact/hooks";
import type { TemplateView } from "../../../protocol/template_messages.ts";
import { client } from "../../data/server.ts";
import { navigate } from "../../hash_location.ts";
import { Problem } from "../../ui/problem.tsx";
import { toastDone } from "../../ui/toast.tsx";

export function StartTemplate({ template: { name, params } }: { template: TemplateView }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [error, setError] = useState<unknown>();
  const start = async (event: Event) => {
    event.preventDefault();
    try {
      const { task_id } = await client.request("start_from_template", { template: name, params: values });
      toastDone(`${task_id} was started`);
      navigate(`/tasks/${task_id}`);
    } catch (refused) {
      setError(refused);
    }
  };
  return (
    <form class="stacked-fields template-form" aria-label={`Start ${name}`} onSubmit={start}>
      {error !== undefined && <Problem what="The task was not started" error={error} />}
      {Object.entries(params).map(([param, { default: fallback, description, pattern }]) => (
        <label key={param}>
          {param}
          <textarea
            rows={1}
            required={fallback === undefined}
            placeholder={fallback}
            value={values[param] ?? ""}
            onInput={({ currentTarget: { value } }) => {
              const { [param]: _, ...others } = values;
              setValues(value === "" && fallback !== undefined ? others : { ...others, [param]: value });
            }}
          />
          {(description ?? pattern) !== undefined && (
            <span class="muted">
              {[description, pattern && `matches ${pattern}`].filter(Boolean).join("; ")}
            </span>
          )}
        </label>
      ))}
      <div class="buttons">
        <button type="submit" class="primary">Start task</button>
      </div>
    </form>
  );
}
