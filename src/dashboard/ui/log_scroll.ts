/** Whether a log's end is followed: off when one scrolls up, on again at the end; older lines come when one nears the start. */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { systemClock } from "../../clock/clock.ts";
import type { LogWindow } from "../data/log_window.ts";
import type { VirtualListHandle } from "./virtual_list.tsx";

/** So near an end one is there. */
const END_PX = 4;
/** Lines come while one scrolls: so near to where the end was when the wheel was turned one is there, too. */
const FORMER_END_PX = 50;
/** So many heights of the box before its ends are reached, more lines are asked for. */
const AHEAD = 2;
/** A scroll so soon after the wheel, a finger or a key moved is the reader's, not the list's. */
const INTENT_MS = 1500;

export interface FollowWish {
  isWanted: boolean;
  setWanted: (isWanted: boolean) => void;
}

export function useFollow(log: LogWindow, handle: RefObject<VirtualListHandle>, wish: FollowWish) {
  const state = useRef({
    opening: 0,
    isFromStart: false,
    top: 0,
    intent_ms: -Infinity,
    /** The list's height when the reader last moved the wheel, if that was downwards. */
    wheel_height: Infinity,
    isHeld: false,
    seen_id: 0,
    box: undefined as HTMLElement | undefined,
  });
  const isFollowing = wish.isWanted && !log.hasNewer && log.isLive;
  const last_id = log.lines.at(-1)?.id ?? log.opening - 1;
  const { current } = state;
  if (isFollowing) current.seen_id = last_id;
  // A log that was opened anew shows its end, or its start when that was asked for.
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
  // What was chosen by key or button holds against the scrolling that goes on.
  const choose = (isWanted: boolean) => {
    current.intent_ms = -Infinity;
    if (wish.isWanted !== isWanted) wish.setWanted(isWanted);
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
  // Whoever waits at an end while a page comes, without scrolling, wants the one after it, too.
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
      if (isUp && below > END_PX && wish.isWanted) wish.setWanted(false);
      const isAtEnd = below <= END_PX || scrollTop + clientHeight >= current.wheel_height - FORMER_END_PX;
      if (!isUp && isAtEnd && !wish.isWanted && log.isLive) wish.setWanted(true);
    }
    if (isByReader) current.box = box;
    askAhead(box);
  };
  return {
    isFollowing,
    /** Lines that came below while something else was read. */
    unseen: isFollowing || !log.isLive || current.opening !== log.opening
      ? 0
      : Math.max(0, last_id - current.seen_id),
    toEnd,
    toStart,
    toggle: () => wish.isWanted && isFollowing ? choose(false) : toEnd(),
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
