/** The visible part of the graph: its offset and its scale. */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface View {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

const SCALE = { least: .02, most: 2 };
/** The smallest scale at which text is readable. A larger graph first shows only a part; `0` shows all of it. */
const FIRST_LEAST = .5;
/** A pointer that moves no more than this clicks. */
const CLICK_PX = 4;
const STEP_PX = 80;
const ZOOM_STEP = 1.25;

const within = (scale: number) => Math.min(SCALE.most, Math.max(SCALE.least, scale));

/** The whole graph, centered, scaled down if needed but never up. */
function fitting(graph: Size, box: Size, least: number): View {
  const scale = Math.max(least, within(Math.min(1, box.width / graph.width, box.height / graph.height)));
  const middle = (room: number, extent: number) => Math.max(0, (room - extent * scale) / 2);
  return { scale, x: middle(box.width, graph.width), y: middle(box.height, graph.height) };
}

export interface ViewControl {
  view: View;
  zoomBy: (factor: number) => void;
  fit: () => void;
  /** Moves the graph so that this point is visible. */
  reveal: (x: number, y: number) => void;
  press: (event: KeyboardEvent) => void;
}

/** Moves and zooms the content of `box` by mouse, touch and keys. Until it is moved, it fits itself again when `shape` changes. */
export function useView(box: RefObject<HTMLElement>, graph: Size, shape: string): ViewControl {
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const current = useRef(view);
  const hasMoved = useRef(false);
  const size = (): Size => ({
    width: box.current?.clientWidth || 1,
    height: box.current?.clientHeight || 1,
  });
  const set = (next: View) => {
    current.current = next;
    setView(next);
  };
  const move = (dx: number, dy: number) => {
    hasMoved.current = true;
    const { x, y, scale } = current.current;
    set({ scale, x: x + dx, y: y + dy });
  };
  /** Zooms; the point at `(px, py)` of the box stays in place. */
  const zoomAt = (factor: number, px: number, py: number) => {
    hasMoved.current = true;
    const { x, y, scale: before } = current.current;
    const scale = within(before * factor);
    set({ scale, x: px - (px - x) * scale / before, y: py - (py - y) * scale / before });
  };
  const zoomBy = (factor: number) => zoomAt(factor, size().width / 2, size().height / 2);
  const fit = () => set(fitting(graph, size(), SCALE.least));

  // Before the first paint, so that nothing jumps under the pointer.
  useLayoutEffect(() => {
    if (!hasMoved.current) set(fitting(graph, size(), FIRST_LEAST));
  }, [shape]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element) return listen(element, move, zoomAt);
  }, []);

  return {
    view,
    zoomBy,
    fit: () => {
      hasMoved.current = false;
      fit();
    },
    reveal(x, y) {
      const { width, height } = size();
      const { x: dx, y: dy, scale } = current.current;
      const [at_x, at_y] = [x * scale + dx, y * scale + dy];
      const margin = 60;
      if (at_x > margin && at_x < width - margin && at_y > margin && at_y < height - margin) return;
      move(width / 2 - at_x, height / 2 - at_y);
    },
    press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const actions: Record<string, () => void> = {
        ArrowLeft: () => move(STEP_PX, 0),
        ArrowRight: () => move(-STEP_PX, 0),
        ArrowUp: () => move(0, STEP_PX),
        ArrowDown: () => move(0, -STEP_PX),
        "+": () => zoomBy(ZOOM_STEP),
        "=": () => zoomBy(ZOOM_STEP),
        "-": () => zoomBy(1 / ZOOM_STEP),
        "0": fit,
      };
      const action = actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    },
  };
}

type Move = (dx: number, dy: number) => void;
type ZoomAt = (factor: number, px: number, py: number) => void;

function listen(element: HTMLElement, move: Move, zoomAt: ZoomAt): () => void {
  const pointers = new Map<number, { x: number; y: number }>();
  let moved_px = 0;
  const place = ({ clientX, clientY }: MouseEvent) => {
    const { left, top } = element.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const handlers = {
    pointerdown(event: PointerEvent) {
      if (event.button !== 0) return;
      if (pointers.size === 0) moved_px = 0;
      pointers.set(event.pointerId, place(event));
    },
    pointermove(event: PointerEvent) {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const at = place(event);
      pointers.set(event.pointerId, at);
      moved_px += Math.hypot(at.x - before.x, at.y - before.y);
      if (moved_px <= CLICK_PX) return;
      // From here on this is a drag, and the pointer may leave the box.
      if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (!other) return move(at.x - before.x, at.y - before.y);
      const spread = (point: { x: number; y: number }) =>
        Math.hypot(point.x - other.x, point.y - other.y) || 1;
      zoomAt(spread(at) / spread(before), (at.x + other.x) / 2, (at.y + other.y) / 2);
    },
    pointerup: (event: PointerEvent) => void pointers.delete(event.pointerId),
    pointercancel: (event: PointerEvent) => void pointers.delete(event.pointerId),
    wheel(event: WheelEvent) {
      event.preventDefault();
      const { x, y } = place(event);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      zoomAt(Math.exp(-Math.max(-120, Math.min(120, event.deltaY * lines)) / 400), x, y);
    },
    click(event: MouseEvent) {
      if (moved_px <= CLICK_PX) return;
      event.preventDefault();
      event.stopPropagation();
      moved_px = 0;
    },
    // Otherwise the browser would drag the link.
    dragstart: (event: Event) => event.preventDefault(),
  };
  const options = { capture: true, passive: false };
  for (const [name, handler] of Object.entries(handlers)) {
    element.addEventListener(name, handler as EventListener, options);
  }
  return () => {
    for (const [name, handler] of Object.entries(handlers)) {
      element.removeEventListener(name, handler as EventListener, options);
    }
  };
}
