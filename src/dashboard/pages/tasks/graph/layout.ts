/** The positions of the graph's tasks: dagre lays out each connected group; the groups are then packed in rows. */
import type { Task } from "../../../../domain/task.ts";
import type { Dependencies } from "./dependencies.ts";

export const NODE_WIDTH = 224;
export const NODE_HEIGHT = 68;
const GROUP_GAP = 44;
const MARGIN = 12;
/** The ratio of width to height that the packed rows aim for. */
const SHAPE = 1.7;
/** The ranking for up to `most` tasks: prettier rankings take too long for more. */
const RANKERS: readonly [most: number, name: string][] = [[60, "network-simplex"], [200, "tight-tree"]];
const FAST_RANKER = "longest-path";

export interface Point {
  x: number;
  y: number;
}

export interface Edge {
  from: string;
  to: string;
  points: readonly Point[];
}

export interface Layout {
  /** The center of each task. */
  nodes: ReadonlyMap<string, Point>;
  edges: readonly Edge[];
  width: number;
  height: number;
}

export type Dagre = typeof import("@dagrejs/dagre");

interface Group {
  ids: readonly string[];
  edges: readonly [from: string, to: string][];
}

/** Everything that the layout depends on, in one string. Status and progress do not move anything. */
export function shapeOf(tasks: readonly Task[], { waitsFor }: Dependencies): string {
  return tasks.map(({ id }) => `${id}<${waitsFor.get(id)?.join() ?? ""}`).join(";");
}

/** Unchanged groups keep their layout. */
let placed = new Map<string, Layout>();

export function layoutOf(tasks: readonly Task[], all: Dependencies, dagre: Dagre): Layout {
  const next = new Map<string, Layout>();
  const groups = groupsOf(tasks, all).map((group) => {
    const key = `${group.ids.join()}|${group.edges.join(";")}`;
    const layout = placed.get(key) ?? next.get(key) ?? layoutOfGroup(group, dagre);
    next.set(key, layout);
    return layout;
  });
  placed = next;
  return packed(groups);
}

function groupsOf(tasks: readonly Task[], { waitsFor, waitedForBy }: Dependencies): Group[] {
  const shown = new Set(tasks.map(({ id }) => id));
  const seen = new Set<string>();
  const groups: Group[] = [];
  for (const { id: first } of tasks) {
    if (seen.has(first)) continue;
    const ids: string[] = [];
    const open = [first];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (seen.has(id) || !shown.has(id)) continue;
      seen.add(id);
      ids.push(id);
      open.push(...waitsFor.get(id) ?? [], ...waitedForBy.get(id) ?? []);
    }
    ids.sort();
    const edges = ids.flatMap((to) =>
      (waitsFor.get(to) ?? []).filter((from) => shown.has(from)).map((from): [string, string] => [from, to])
    );
    groups.push({ ids, edges });
  }
  return groups;
}

function layoutOfGroup({ ids, edges }: Group, { Graph, layout }: Dagre): Layout {
  const half = { x: NODE_WIDTH / 2, y: NODE_HEIGHT / 2 };
  if (ids.length === 1) {
    return { nodes: new Map([[ids[0]!, half]]), edges: [], width: NODE_WIDTH, height: NODE_HEIGHT };
  }
  const graph = new Graph();
  const ranker = RANKERS.find(([most]) => ids.length <= most)?.[1] ?? FAST_RANKER;
  graph.setGraph({ rankdir: "LR", nodesep: 20, ranksep: 56, edgesep: 10, ranker } as never);
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const [from, to] of edges) graph.setEdge(from, to);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    nodes: new Map(ids.map((id) => {
      const { x, y } = graph.node(id) as Point;
      return [id, { x, y }];
    })),
    edges: edges.map(([from, to]) => ({
      from,
      to,
      points: (graph.edge(from, to) as { points: Point[] }).points,
    })),
    width,
    height,
  };
}

/** Packs the groups into rows, the largest first, in about the shape of a screen. */
function packed(groups: readonly Layout[]): Layout {
  const area = groups.reduce((sum, { width, height }) => sum + (width + GROUP_GAP) * (height + GROUP_GAP), 0);
  const widest = groups.reduce((most, { width }) => Math.max(most, width), 0);
  const row_width = Math.max(widest, Math.sqrt(area * SHAPE));
  const nodes = new Map<string, Point>();
  const edges: Edge[] = [];
  let [x, y, row_height, width] = [MARGIN, MARGIN, 0, 0];
  for (const group of groups.toSorted((a, b) => b.height - a.height)) {
    if (x > MARGIN && x + group.width > row_width + MARGIN) {
      [x, y, row_height] = [MARGIN, y + row_height + GROUP_GAP, 0];
    }
    const [dx, dy] = [x, y];
    const moved = (point: Point) => ({ x: point.x + dx, y: point.y + dy });
    for (const [id, point] of group.nodes) nodes.set(id, moved(point));
    for (const edge of group.edges) edges.push({ ...edge, points: edge.points.map(moved) });
    width = Math.max(width, x + group.width);
    row_height = Math.max(row_height, group.height);
    x += group.width + GROUP_GAP;
  }
  return { nodes, edges, width: width + MARGIN, height: y + row_height + MARGIN };
}
