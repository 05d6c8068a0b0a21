/** The graph as a picture that the user can move and zoom. */
import { Maximize, Minus, Plus } from "lucide-preact";
import { useCallback, useMemo, useRef } from "preact/hooks";
import type { Task } from "../../../../domain/task.ts";
import type { Dependencies } from "./dependencies.ts";
import { ArrowHeads, GraphEdge, GraphNode, passageOf } from "./graph_node.tsx";
import { type Dagre, layoutOf, type Point, shapeOf } from "./layout.ts";
import { useView } from "./view.ts";

/** Below this scale text is unreadable and left out. */
const FAR = .3;

export interface GraphViewProps {
  tasks: readonly Task[];
  all: Dependencies;
  focus: string | undefined;
  dagre: Dagre;
}

export function GraphView({ tasks, all, focus, dagre }: GraphViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const shape = shapeOf(tasks, all);
  const layout = useMemo(() => layoutOf(tasks, all, dagre), [shape]);
  const control = useView(box, layout, shape);
  const { view } = control;
  const latest = useRef(control);
  latest.current = control;
  const reveal = useCallback(({ x, y }: Point) => latest.current.reveal(x, y), []);
  // Moving the graph does not render this again.
  const content = useMemo(() => (
    <>
      {layout.edges.map((edge) => (
        <GraphEdge
          key={`${edge.from} ${edge.to}`}
          edge={edge}
          passage={passageOf(all.tasks.get(edge.from)?.status ?? "pending")}
        />
      ))}
      {tasks.map((task) => {
        const at = layout.nodes.get(task.id);
        return at && (
          <GraphNode
            key={task.id}
            task={task}
            at={at}
            isFocus={task.id === focus}
            failed={failedOf(task, all)}
            onFocus={reveal}
          />
        );
      })}
    </>
  ), [layout, tasks, all, focus]);
  return (
    <div class="graph">
      <div
        ref={box}
        class="graph-box-scroll"
        role="group"
        aria-label="Graph. Arrow keys move it, plus and minus zoom, zero shows the whole graph."
        tabIndex={0}
        onKeyDown={control.press}
        // The browser scrolls to a focused link. Undo that: the graph moves by itself.
        onScroll={({ currentTarget }) => currentTarget.scrollTo(0, 0)}
      >
        <svg class={view.scale < FAR ? "is-far" : undefined}>
          <ArrowHeads />
          <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
            {content}
          </g>
        </svg>
      </div>
      <div class="graph-tools">
        <button type="button" class="icon-button" aria-label="Zoom in" onClick={() => control.zoomBy(1.25)}>
          <Plus size={17} aria-hidden="true" />
        </button>
        <button type="button" class="icon-button" aria-label="Zoom out" onClick={() => control.zoomBy(.8)}>
          <Minus size={17} aria-hidden="true" />
        </button>
        <button type="button" class="icon-button" aria-label="Show the whole graph" onClick={control.fit}>
          <Maximize size={17} aria-hidden="true" />
        </button>
      </div>
    </div>
  );
}

/** The dependency because of which a task failed without running. */
export function failedOf(
  { id, status, started_at }: Task,
  { tasks, waitsFor }: Dependencies,
): string | undefined {
  if (status !== "failed" || started_at !== undefined) return undefined;
  return waitsFor.get(id)?.find((other) => {
    const found = tasks.get(other)?.status;
    return found === "failed" || found === "cancelled";
  });
}
