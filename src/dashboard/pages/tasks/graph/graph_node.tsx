/** A task in the graph, and an arrow between two. */
import { memo } from "preact/compat";
import type { Task, TaskStatus } from "../../../../domain/task.ts";
import { STATUS_NAMES } from "../../../ui/status.tsx";
import { type Edge, NODE_HEIGHT, NODE_WIDTH, type Point } from "./layout.ts";

/** About as many characters as fit. Fonts differ in width, so the box also clips. */
const TITLE_CHARS = 26;
const ID_CHARS = 28;
const PAD = 14;
const BAR_WIDTH = NODE_WIDTH - 2 * PAD;

function cut(text: string, most: number): string {
  const line = text.split("\n", 1)[0]!;
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

export interface GraphNodeProps {
  task: Task;
  at: Point;
  isFocus: boolean;
  /** The dependency that failed or was cancelled, if any. */
  failed: string | undefined;
  onFocus: (at: Point) => void;
}

/** Renders again only when its own task changes. */
export const GraphNode = memo(function GraphNode({ task, at, isFocus, failed, onFocus }: GraphNodeProps) {
  const { id, status, description, progress, progress_details } = task;
  const isKnown = status !== "running" || progress > 0;
  const step = status === "running" ? progress_details?.current_step : undefined;
  const words = `${STATUS_NAMES[status]}${status === "running" && isKnown ? ` ${progress} %` : ""}`;
  const lines = [cut(description, TITLE_CHARS), cut(id, ID_CHARS), failed ? `${words}: dependency` : words];
  return (
    <g transform={`translate(${at.x - NODE_WIDTH / 2} ${at.y - NODE_HEIGHT / 2})`}>
      <a
        href={`#/tasks/${id}`}
        class={`graph-node status-${status}${isFocus ? " is-focus" : ""}`}
        aria-label={nameOf(lines, task, failed)}
        onFocus={() => onFocus(at)}
      >
        <title>{`${description}\n${id}\n${words}${step ? `: ${step}` : ""}`}</title>
        <rect class="graph-box" width={NODE_WIDTH} height={NODE_HEIGHT} rx="9" />
        <rect class="graph-edge-mark" width="5" height={NODE_HEIGHT - 16} x="0" y="8" rx="2.5" />
        <svg class="graph-text" width={NODE_WIDTH - PAD / 2} height={NODE_HEIGHT}>
          <text class="graph-title" x={PAD} y="22">{lines[0]}</text>{" "}
          <text class="graph-id" x={PAD} y="38">{lines[1]}</text>{" "}
          <text class="graph-status" x={PAD} y="56">{lines[2]}</text>
        </svg>
        {(status === "running" || status === "paused") && (
          <>
            <rect class="graph-track" x={PAD} y={NODE_HEIGHT - 7} width={BAR_WIDTH} height="3" rx="1.5" />
            <rect
              class="graph-bar"
              x={PAD}
              y={NODE_HEIGHT - 7}
              width={BAR_WIDTH * progress / 100}
              height="3"
              rx="1.5"
            />
          </>
        )}
      </a>
    </g>
  );
});

/** The accessible name: the visible text, then what was cut off. */
function nameOf(lines: readonly string[], { id, description }: Task, failed: string | undefined): string {
  const cut_off = [description, id].filter((text) => !lines.includes(text));
  if (failed !== undefined) cut_off.push(`${failed} did not complete`);
  return `${lines.join(" ")}${cut_off.length > 0 ? `. ${cut_off.join(". ")}` : ""}`;
}

export type Passage = "open" | "done" | "failed";

/** The state of the dependency that an arrow starts from. */
export function passageOf(status: TaskStatus): Passage {
  return status === "completed" ? "done" : status === "failed" || status === "cancelled" ? "failed" : "open";
}

export const GraphEdge = memo(function GraphEdge({ edge, passage }: { edge: Edge; passage: Passage }) {
  return (
    <path
      class={`graph-edge is-${passage}`}
      data-from={edge.from}
      data-to={edge.to}
      d={curve(edge.points)}
      marker-end={`url(#arrow-${passage})`}
    />
  );
});

/** A smooth line through the midpoints between dagre's points. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const last = rest.pop();
  if (!first || !last) return "";
  let path = `M${first.x} ${first.y}`;
  for (const [i, point] of rest.entries()) {
    const next = rest[i + 1];
    const end = next ? { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 } : last;
    path += `Q${point.x} ${point.y} ${end.x} ${end.y}`;
  }
  return rest.length === 0 ? `${path}L${last.x} ${last.y}` : path;
}

export function ArrowHeads() {
  return (
    <defs>
      {(["open", "done", "failed"] as const).map((passage) => (
        <marker
          key={passage}
          id={`arrow-${passage}`}
          class={`graph-arrow is-${passage}`}
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          orient="auto"
        >
          <path d="M0 0L8 4L0 8z" />
        </marker>
      ))}
    </defs>
  );
}
