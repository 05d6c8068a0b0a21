/** A list of any length; only visible rows are in the page. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";

/** A list this near its end counts as being at its end. */
const END_PX = 4;

export interface VirtualListProps {
  count: number;
  /** In pixels, used until a row has been measured. */
  estimated_height: number | ((index: number) => number);
  /** A row's content; it may have any height. */
  row: (index: number) => ComponentChildren;
  keyOf: (index: number) => string | number;
  /** The class of the scrolling box. */
  class?: string;
  label: string;
  /** The list scrolls to this row when it changes. */
  reveal?: number | undefined;
  /** Receives the functions that scroll the list. */
  handle?: RefObject<VirtualListHandle>;
  onScroll?: (box: HTMLElement) => void;
  /** How many rows beyond the visible ones are drawn; 10 by default. */
  overscan?: number;
  /** The visible rows stay in place when rows come or go before them. */
  isAnchored?: boolean;
  /** An anchored list that is at its end stays there when rows come. */
  isFollowing?: boolean;
  /** A new value means that all row heights have changed. */
  layout?: string;
}

export interface VirtualListHandle {
  toEnd(): void;
  /** Scrolls just far enough to show the row. */
  toRow(index: number): void;
  /** The first and last visible row. */
  seen(): [first: number, last: number];
}

export function VirtualList(props: VirtualListProps) {
  const { count, estimated_height, row, keyOf, label, reveal, handle, onScroll } = props;
  const box = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const virtualizer = useRef<Virtualizer<HTMLDivElement, HTMLElement>>();
  const options = {
    count,
    getScrollElement: () => box.current,
    estimateSize: typeof estimated_height === "number" ? () => estimated_height : estimated_height,
    getItemKey: keyOf,
    anchorTo: props.isAnchored ? "end" as const : "start" as const,
    followOnAppend: props.isFollowing ?? false,
    scrollEndThreshold: END_PX,
    overscan: props.overscan ?? 10,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: (_: unknown, isSync: boolean) => isSync ? redraw(0) : requestAnimationFrame(() => redraw(0)),
  };
  virtualizer.current ??= new Virtualizer(options);
  const list = virtualizer.current;
  list.setOptions(options);
  useLayoutEffect(() => list._didMount(), []);
  useLayoutEffect(() => list._willUpdate());
  useLayoutEffect(() => {
    if (reveal !== undefined && reveal >= 0 && reveal < count) list.scrollToIndex(reveal, { align: "auto" });
  }, [reveal]);
  const layout = useRef(props.layout);
  useLayoutEffect(() => {
    if (layout.current !== props.layout) list.measure();
    layout.current = props.layout;
  }, [props.layout]);
  if (handle) {
    handle.current = {
      toEnd: () => count > 0 && list.scrollToEnd(),
      toRow: (index) => list.scrollToIndex(index, { align: "auto" }),
      seen: () => [list.range?.startIndex ?? 0, list.range?.endIndex ?? 0],
    };
  }
  return (
    <div
      ref={box}
      class={props.class}
      role="list"
      aria-label={label}
      tabIndex={0}
      onScroll={onScroll && ((event) => onScroll(event.currentTarget))}
    >
      <div style={{ height: `${list.getTotalSize()}px`, position: "relative" }} role="presentation">
        {list.getVirtualItems().map(({ index, key, start }) => (
          <div
            key={key}
            role="listitem"
            aria-setsize={count}
            aria-posinset={index + 1}
            data-index={index}
            ref={(element) => list.measureElement(element)}
            style={{ position: "absolute", top: 0, left: 0, right: 0, transform: `translateY(${start}px)` }}
          >
            {row(index)}
          </div>
        ))}
      </div>
    </div>
  );
}
