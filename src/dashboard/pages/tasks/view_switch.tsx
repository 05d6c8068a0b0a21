/** Switches between the views of the tasks. */
import { ListIcon, SquareKanban, Waypoints } from "lucide-preact";
import { Segments } from "../../ui/segments.tsx";
import { type ViewKind, VIEWS } from "./view.ts";

const NAMES = { board: "Board", list: "List", graph: "Graph" };
const ICONS = { board: SquareKanban, list: ListIcon, graph: Waypoints };

export function ViewSwitch({ kind, choose }: { kind: ViewKind; choose: (kind: ViewKind) => void }) {
  return (
    <Segments
      label="View"
      choices={VIEWS.map((value) => {
        const Icon = ICONS[value];
        return {
          value,
          name: (
            <>
              <Icon size={14} aria-hidden="true" /> {NAMES[value]}
            </>
          ),
        };
      })}
      chosen={kind}
      choose={choose}
    />
  );
}
