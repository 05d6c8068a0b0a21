/** The templates of the configuration, for those who would rather fill in blanks than a form. */
import { Link } from "wouter-preact";
import { useAnswer } from "../../data/answer.ts";
import { ask } from "../../data/server.ts";

export function TemplateLinks() {
  const { value } = useAnswer(() => ask("list_templates", {}), 0);
  if (value === undefined || value.templates.length === 0) return null;
  return (
    <p class="muted">
      From a template: {value.templates.map(({ name, description }, i) => (
        <span key={name}>
          {i > 0 && ", "}
          <Link href={`/templates?template=${name}`} title={description}>{name}</Link>
        </span>
      ))}
    </p>
  );
}
