/** A JSON value that opens branch by branch. */
import { useState } from "preact/hooks";
import "./json_tree.css";

const SHOWN_AT_ONCE = 100;

/** `name`: the value's key in its parent. */
export function JsonTree(
  { name, value, isOpen = false }: { name?: string; value: unknown; isOpen?: boolean },
) {
  if (typeof value !== "object" || value === null) {
    return (
      <div class="json-leaf">
        <Name name={name} />
        <Scalar value={value} />
      </div>
    );
  }
  const entries = Object.entries(value);
  if (entries.length === 0) {
    return (
      <div class="json-leaf">
        <Name name={name} />
        <span class="muted">{Array.isArray(value) ? "[]" : "{}"}</span>
      </div>
    );
  }
  return <Branch name={name} entries={entries} isList={Array.isArray(value)} isOpen={isOpen} />;
}

function Branch(
  { name, entries, isList, isOpen }: {
    name: string | undefined;
    entries: [string, unknown][];
    isList: boolean;
    isOpen: boolean;
  },
) {
  const [open, setOpen] = useState(isOpen);
  const [shown, setShown] = useState(SHOWN_AT_ONCE);
  return (
    <details class="json-branch" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Name name={name} />
        <span class="muted">{isList ? `[${entries.length}]` : `{${entries.length}}`}</span>
      </summary>
      {open && (
        <div class="json-children">
          {entries.slice(0, shown).map(([key, child]) => (
            <JsonTree key={key} name={key} value={child} isOpen />
          ))}
          {entries.length > shown && (
            <button
              type="button"
              onClick={() => setShown(shown + SHOWN_AT_ONCE)}
            >
              {entries.length - shown} more
            </button>
          )}
        </div>
      )}
    </details>
  );
}

function Name({ name }: { name: string | undefined }) {
  return name === undefined ? null : <span class="json-name">{name}:</span>;
}

function Scalar({ value }: { value: unknown }) {
  if (typeof value === "string") return <span class="json-text">{value === "" ? '""' : value}</span>;
  return <span class={`json-${value === null ? "null" : typeof value}`}>{String(value)}</span>;
}
