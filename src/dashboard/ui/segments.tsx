/** A choice of one among a few, as buttons beside each other. */
import type { ComponentChildren } from "preact";

export interface SegmentsProps<Value extends string> {
  /** What is chosen. */
  label: string;
  choices: readonly { value: Value; name: ComponentChildren; title?: string }[];
  chosen: Value;
  choose: (value: Value) => void;
}

export function Segments<Value extends string>({ label, choices, chosen, choose }: SegmentsProps<Value>) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {choices.map(({ value, name, title }) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === chosen}
          title={title}
          onClick={() => choose(value)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
