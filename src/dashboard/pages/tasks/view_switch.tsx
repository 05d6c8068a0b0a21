/** Switches between the views of the tasks. */
import { ListIcon, SquareKanban, Waypoints } from "lucide-preact";
import { type ViewKind, VIEWS } from "./view.ts";

const NAMES = { board: "Board", list: "List", graph: "Graph" };
const ICONS = { board: SquareKanban, list: ListIcon, graph: Waypoints };

export function ViewSwitch({ kind, choose }: { kind: ViewKind; choose: (kind: ViewKind) => void }) {
  return (
    <div class="segments" role="group" aria-label="View">
      {VIEWS.map((one) => {
        const Icon = ICONS[one];
        return (
          <button key={one} type="button" aria-pressed={one === kind} onClick={() => choose(one)}>
            <Icon size={14} aria-hidden="true" /> {NAMES[one]}
          </button>
        );
      })}
    </div>
  );
}
