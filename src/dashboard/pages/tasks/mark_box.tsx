/** The box that marks a task; with Shift, all from the box that was clicked last. */
import type { Marking } from "./marks.ts";

export interface MarkBoxProps {
  id: string;
  isMarked: boolean;
  marking: Marking;
}

export function MarkBox({ id, isMarked, marking }: MarkBoxProps) {
  return (
    <label class="task-mark">
      <input
        type="checkbox"
        aria-label={`Select ${id}`}
        title="Select (x); with Shift: up to this one"
        checked={isMarked}
        onClick={(event) => {
          // The card's own shift-click is not meant.
          event.stopPropagation();
          if (event.shiftKey) marking.reach(id, !isMarked);
          else marking.toggle(id);
        }}
      />
    </label>
  );
}

/** A click with Shift anywhere on a task, which would otherwise open its link in a window of its own. */
export function onShiftClick(event: MouseEvent, reach: () => void): void {
  if (!event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  reach();
}
