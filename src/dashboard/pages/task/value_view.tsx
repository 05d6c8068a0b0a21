/** A readable view of a value: short values in a line, texts verbatim, the rest as JSON. */
import "./value_view.css";

/** Longer texts get a box of their own. */
const SHORT = 100;
/** Longer texts scroll inside their box. */
const LONG = 2500;

/** A text, verbatim. A long one scrolls, also by keyboard. */
function TextBox({ text, label }: { text: string; label: string }) {
  return text.length > LONG
    ? <pre class="text-box is-long" tabIndex={0} role="region" aria-label={label}>{text}</pre>
    : <pre class="text-box">{text}</pre>;
}

export function ValueView({ value }: { value: unknown }) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return (
      <div class="values">
        <div>
          <TextBox text={textOf(value)} label="Value" />
        </div>
      </div>
    );
  }
  const entries = Object.entries(value).map(([name, one]) => ({ name, text: textOf(one) }));
  if (entries.length === 0) return null;
  return (
    <dl class="values">
      {entries.map(({ name, text }) => (
        <div key={name} class={text.length <= SHORT && !text.includes("\n") ? "is-short" : ""}>
          <dt>{name}</dt>
          <dd>
            <TextBox text={text} label={name} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const isPlain = Array.isArray(value) &&
    value.every((one) => typeof one === "string" || typeof one === "number");
  return isPlain ? value.join(", ") : JSON.stringify(value, null, 2);
}

/** The files that a tool call is about. */
export function Places({ paths }: { paths: readonly string[] }) {
  if (paths.length === 0) return null;
  return (
    <ul class="places" aria-label="Files">
      {paths.map((path, index) => (
        <li key={index}>
          <code>{path}</code>
        </li>
      ))}
    </ul>
  );
}
