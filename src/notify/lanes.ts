/**
 * The items that wait, by target and task. Those of a lane go one after another; lanes do not wait for each other, and each
 * target has a few deliveries under way at most. No clock, no effects.
 */
import type { OutboxItem } from "../store/outbox.ts";

/** Deliveries of one target at once. */
const AT_ONCE = 4;
/** After failures the wait doubles up to this. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 600_000;

/** How long the delivery waits after this many failures. */
export function waitAfter(tries: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(tries - 1, 20), LONGEST_WAIT_MS);
}

interface Lane {
  target: string;
  items: OutboxItem[];
  isBusy: boolean;
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #busy = new Map<string, number>();
  readonly #sizes = new Map<string, number>();
  readonly #known = new Set<string>();

  sizeOf(target: string): number {
    return this.#sizes.get(target) ?? 0;
  }

  /** Does nothing with one that it has. */
  add(item: OutboxItem): void {
    if (this.#known.has(nameOf(item))) return;
    this.#known.add(nameOf(item));
    const key = keyOf(item);
    const lane = this.#lanes.get(key);
    if (lane) lane.items.push(item);
    else this.#lanes.set(key, { target: item.target, items: [item], isBusy: false });
    this.#sizes.set(item.target, this.sizeOf(item.target) + 1);
  }

  /** The oldest item of the target that is not under way. */
  oldestOf(target: string): OutboxItem | undefined {
    let oldest: OutboxItem | undefined;
    for (const lane of this.#lanes.values()) {
      if (lane.target !== target) continue;
      const item = lane.items[lane.isBusy ? 1 : 0];
      if (item && (!oldest || item.at_ms < oldest.at_ms)) oldest = item;
    }
    return oldest;
  }

  /** Takes the items whose turn it is now. Each is under way until `done` or `failed`. */
  take(now_ms: number): OutboxItem[] {
    const taken: OutboxItem[] = [];
    for (const lane of this.#lanes.values()) {
      const item = lane.items[0]!;
      const busy = this.#busy.get(lane.target) ?? 0;
      if (lane.isBusy || busy >= AT_ONCE || !isDue(item, now_ms)) continue;
      lane.isBusy = true;
      this.#busy.set(lane.target, busy + 1);
      taken.push(item);
    }
    return taken;
  }

  /** When the next item is due that is not under way and waits for its time; undefined if none does. */
  nextAt(): number | undefined {
    let next: number | undefined;
    for (const { items, isBusy, target } of this.#lanes.values()) {
      if (isBusy || (this.#busy.get(target) ?? 0) >= AT_ONCE) continue;
      const at = items[0]!.next_ms ?? 0;
      if (next === undefined || at < next) next = at;
    }
    return next;
  }

  /** The item goes: it was delivered, or given up. */
  done(item: OutboxItem): void {
    const key = keyOf(item);
    const lane = this.#lanes.get(key);
    const at = lane?.items.indexOf(item) ?? -1;
    if (!lane || at < 0) return;
    if (at === 0) this.#release(lane);
    lane.items.splice(at, 1);
    if (lane.items.length === 0) this.#lanes.delete(key);
    this.#sizes.set(item.target, this.sizeOf(item.target) - 1);
    this.#known.delete(nameOf(item));
  }

  /** The item that was under way stays first of its lane, as `later`. */
  failed(item: OutboxItem, later: OutboxItem): void {
    const lane = this.#lanes.get(keyOf(item));
    if (lane?.items[0] !== item) return;
    this.#release(lane);
    lane.items[0] = later;
  }

  #release(lane: Lane): void {
    if (!lane.isBusy) return;
    lane.isBusy = false;
    this.#busy.set(lane.target, this.#busy.get(lane.target)! - 1);
  }
}

/** Nothing waits longer than the longest wait: a time further ahead is that of a clock that was set back since. */
function isDue({ next_ms = 0 }: OutboxItem, now_ms: number): boolean {
  return next_ms <= now_ms || next_ms > now_ms + LONGEST_WAIT_MS;
}

function keyOf({ target, notice }: OutboxItem): string {
  return `${target}\0${notice.task?.id ?? ""}`;
}

function nameOf({ target, notice }: OutboxItem): string {
  return `${target}\0${notice.id}`;
}
