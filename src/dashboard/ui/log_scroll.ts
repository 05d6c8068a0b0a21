/** Follows a log's end: stops when the reader scrolls up, resumes at the end, loads older lines near the start. */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { systemClock } from "../../clock/clock.ts";
import type { LogWindow } from "../data/log_window.ts";
import type { VirtualListHandle } from "./virtual_list.tsx";

/** A distance this short counts as being at the end. */
const END_PX = 4;
/** Lines arrive while the reader scrolls, so this near the end as it was when the wheel turned also counts. */
const FORMER_END_PX = 50;
/** Loads more lines when an end is nearer than this many box heights. */
const AHEAD = 2;
/** A scroll this soon after a wheel, touch or key event comes from the reader, not from the list. */
const INTENT_MS = 1500;

export interface FollowRequest {
  isRequested: boolean;
  setRequested: (isRequested: boolean) => void;
}

export function useFollow(log: LogWindow, handle: RefObject<VirtualListHandle>, request: FollowRequest) {
  const state = useRef({
    opening: 0,
    isFromStart: false,
    top: 0,
    intent_ms: -Infinity,
    /** The list's height when the reader last turned the wheel, if downward. */
    wheel_height: Infinity,
    isHeld: false,
    seen_id: 0,
    box: undefined as HTMLElement | undefined,
  });
  const isFollowing = request.isRequested && !log.hasNewer && log.isLive;
  const last_id = log.lines.at(-1)?.id ?? log.opening - 1;
  const { current } = state;
  if (isFollowing) current.seen_id = last_id;
  // A newly opened log shows its end, or its start if requested.
  useLayoutEffect(() => {
    if (current.opening === log.opening || log.lines.length === 0) return;
    current.opening = log.opening;
    current.seen_id = last_id;
    current.top = 0;
    if (current.isFromStart) handle.current?.toRow(0);
    else handle.current?.toEnd();
  });
  const intends = () => {
    current.intent_ms = systemClock.monotonic();
    current.wheel_height = Infinity;
  };
  const wheels = ({ deltaY, currentTarget }: preact.TargetedWheelEvent<HTMLElement>) => {
    intends();
    if (deltaY <= 0) return;
    current.wheel_height = currentTarget.querySelector("[role=list]")?.scrollHeight ?? Infinity;
  };
  // A key or button overrides scrolling that is still under way.
  const choose = (isRequested: boolean) => {
    current.intent_ms = -Infinity;
    if (request.isRequested !== isRequested) request.setRequested(isRequested);
  };
  const toEnd = () => {
    choose(true);
    current.isFromStart = false;
    if (log.hasNewer || log.phase === "failed") void log.openEnd();
    else handle.current?.toEnd();
  };
  const toStart = () => {
    choose(false);
    if (log.isAtStart) return handle.current?.toRow(0);
    current.isFromStart = true;
    void log.openStart();
  };
  const askAhead = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement) => {
    if (scrollTop < AHEAD * clientHeight) void log.older();
    if (scrollHeight - clientHeight - scrollTop < AHEAD * clientHeight) void log.newer();
  };
  // A reader who waits at an end without scrolling also wants the next page.
  useLayoutEffect(() => {
    if (current.box?.isConnected && current.opening === log.opening && !log.error) askAhead(current.box);
  }, [log.version.value]);
  const scrolled = (box: HTMLElement) => {
    const { scrollTop, scrollHeight, clientHeight } = box;
    const below = scrollHeight - clientHeight - scrollTop;
    const isByReader = current.isHeld || systemClock.monotonic() - current.intent_ms < INTENT_MS;
    const isUp = scrollTop < current.top;
    current.top = scrollTop;
    if (current.opening !== log.opening) return;
    if (isByReader) {
      if (isUp && below > END_PX && request.isRequested) request.setRequested(false);
      const isAtEnd = below <= END_PX || scrollTop + clientHeight >= current.wheel_height - FORMER_END_PX;
      if (!isUp && isAtEnd && !request.isRequested && log.isLive) request.setRequested(true);
    }
    if (isByReader) current.box = box;
    askAhead(box);
  };
  return {
    isFollowing,
    /** How many lines arrived at the end while the reader was elsewhere. */
    unseen: isFollowing || !log.isLive || current.opening !== log.opening
      ? 0
      : Math.max(0, last_id - current.seen_id),
    toEnd,
    toStart,
    toggle: () => request.isRequested && isFollowing ? choose(false) : toEnd(),
    pause: () => choose(false),
    scrolled,
    listeners: {
      onWheel: wheels,
      onTouchMove: intends,
      onKeyDown: intends,
      onPointerDown: () => {
        current.isHeld = true;
        const released = () => {
          current.isHeld = false;
          intends();
        };
        addEventListener("pointerup", released, { once: true });
        addEventListener("pointercancel", released, { once: true });
      },
    },
  };
}
