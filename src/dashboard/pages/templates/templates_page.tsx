/** The templates of the configuration: starting one, and what its hook was sent. */
import { Link } from "wouter-preact";
import type { TemplateView } from "../../../protocol/template_messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { ask } from "../../data/server.ts";
import { usePlace } from "../../hash_location.ts";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Deliveries } from "./deliveries.tsx";
import { StartTemplate } from "./start_template.tsx";
import "./templates.css";

/** What it starts, blanks and all. */
function TemplateTask({ task }: Pick<TemplateView, "task">) {
  const { description, execution, ...rest } = task;
  const { prompt = description, ...settings } = (execution ?? {}) as Record<string, unknown>;
  return (
    <details>
      <summary>What it starts</summary>
      <pre class="template-text">{String(prompt)}</pre>
      <pre class="template-text muted">{JSON.stringify({ description, ...rest, ...settings }, null, 2)}</pre>
    </details>
  );
}

export function TemplatesPage() {
  const [place, change] = usePlace();
  const { value, error } = useAnswer(() => ask("list_templates", {}), 0);
  const open = place.get("template") ?? "";
  return (
    <Page>
      {error !== undefined && <Problem what="The templates cannot be shown" error={error} />}
      {value?.templates.length === 0 && (
        <div class="card empty">
          <strong>No template is configured</strong>
          <p>
            A template is a task with blanks, started here, from the command line or by a webhook. Write it
            under <code>templates</code> in the configuration.
          </p>
          <Link class="button" href="/new">New task</Link>
        </div>
      )}
      {value?.templates.map((template) => {
        const { name, description, task, trigger } = template;
        const isOpen = open === name || value.templates.length === 1;
        return (
          <article key={name} class="card template" aria-label={`Template ${name}`}>
            <h2>
              <button
                type="button"
                aria-expanded={isOpen}
                onClick={() => change({ template: isOpen ? "" : name })}
              >
                {name}
              </button>
            </h2>
            <p class="muted">{description ?? String(task.description ?? "")}</p>
            {isOpen && <StartTemplate template={template} />}
            {isOpen && <TemplateTask task={task} />}
            {isOpen && trigger && <Deliveries template={name} path={trigger.path} />}
          </article>
        );
      })}
    </Page>
  );
}
