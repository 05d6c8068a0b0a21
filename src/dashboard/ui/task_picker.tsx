/** A field that finds a task by part of its id or description. */
import { useId, useState } from "preact/hooks";
import { tasks } from "../data/tasks.ts";
import type { Task } from "../../domain/task.ts";
import { StatusBadge } from "./status.tsx";
import "./task_picker.css";

const SHOWN_MAX = 8;

export interface TaskPickerProps {
  onPick: (id: string) => void;
  /** Tasks that are not suggested. */
  without?: readonly string[];
  /** Whether to accept unknown ids, too: the server may know more tasks than this page. */
  takesUnknown?: boolean;
  /** Attributes for the input element, such as its id and what describes it. */
  attributes?: {
    id?: string;
    "aria-label"?: string;
    "aria-invalid"?: boolean;
    "aria-describedby"?: string;
  };
  placeholder?: string;
  type?: "search" | "text";
}

function found(text: string, without: readonly string[]): Task[] {
  const query = text.trim().toLowerCase();
  const matches: Task[] = [];
  for (const task of tasks.value) {
    if (matches.length === SHOWN_MAX) break;
    if (without.includes(task.id)) continue;
    if (`${task.id}\n${task.description}`.toLowerCase().includes(query)) matches.push(task);
  }
  return matches;
}

export function TaskPicker(props: TaskPickerProps) {
  const { onPick, without = [], takesUnknown = false, attributes = {}, placeholder, type = "text" } = props;
  const [text, setText] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const list = useId();
  const options = isOpen ? found(text, without) : [];

  const pick = (id: string) => {
    setText("");
    setOpen(false);
    setAt(-1);
    onPick(id);
  };
  const press = (event: KeyboardEvent) => {
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      setOpen(true);
      const count = found(text, without).length;
      const next = key === "ArrowDown" ? at + 1 : at - 1;
      setAt(next < 0 ? count - 1 : next >= count ? Math.min(0, count - 1) : next);
    } else if (key === "Escape" && isOpen) {
      setOpen(false);
      setAt(-1);
    } else if (key === "Enter" && !event.ctrlKey && !event.metaKey) {
      const chosen = options[at]?.id ?? exact(text, without) ??
        (options.length === 1 ? options[0]!.id : undefined);
      if (chosen !== undefined) pick(chosen);
      else if (takesUnknown && text.trim() !== "") pick(text.trim());
    } else return;
    event.preventDefault();
  };

  return (
    <div class="task-picker">
      <input
        {...attributes}
        type={type}
        role="combobox"
        autoComplete="off"
        spellcheck={false}
        placeholder={placeholder}
        aria-expanded={options.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={options[at] && `${list}-${at}`}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setOpen(true);
          setAt(-1);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={press}
      />
      <ul id={list} role="listbox" aria-label="Tasks" hidden={options.length === 0}>
        {options.map((task, i) => (
          <li
            key={task.id}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === at}
            // Not onClick: the field would lose the focus first, which closes the list.
            onMouseDown={(event) => {
              event.preventDefault();
              pick(task.id);
            }}
          >
            <span class="task-picker-text">
              <span class="clip">{task.description}</span>
              <code class="clip">{task.id}</code>
            </span>
            <StatusBadge status={task.status} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function exact(text: string, without: readonly string[]): string | undefined {
  const id = text.trim();
  return without.includes(id) ? undefined : tasks.value.find((task) => task.id === id)?.id;
}
