/**
 * The notifier of a store that several nodes share. It publishes the changes of the other nodes as well as this node's
 * own. It reads the other nodes' feeds whenever the bell key changes, and at intervals in case a change was missed. A
 * feed only says which records have changed. The records are then read in their current state, and the newer version
 * wins, regardless of order. So a listener may get several changes of a record as one.
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";
import { BELL, FEED_KEPT, type FeedEntry, lastOf, newestCommit, readFeed } from "./feed.ts";
import type { KeyValue } from "./kv/kv.ts";
import { EPOCHS } from "./node_lease.ts";
import { type Listener, LocalNotifier, type Notifier, type Topic, type Topics } from "./notifier.ts";

const log = getLogger(["opencode-agents", "store"]);

/** The records of one kind in memory. */
export interface Followed {
  /** Reads these records again and publishes what is new, in this order, with the actor who asked for it. */
  refresh(ids: ReadonlyMap<string, Actor>): Promise<void>;
  /** Does the same for all records. */
  refreshAll(): Promise<void>;
}

export interface FeedNotifierOptions {
  kv: KeyValue;
  clock: Clock;
  /** This node. */
  node: string;
  poll_ms: number;
}

export class FeedNotifier implements Notifier {
  readonly #local = new LocalNotifier();
  readonly #options: FeedNotifierOptions;
  /** The last entry that was read of each other node's feed. */
  readonly #positions = new Map<string, number>();
  #kinds: Readonly<Record<string, Followed>> = {};
  #log: { catchUp(node: string): Promise<void> } | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  /** Those who wait for the next pass. */
  #waiting: PromiseWithResolvers<void>[] = [];
  #unwatch: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(options: FeedNotifierOptions) {
    this.#options = options;
  }

  subscribe<T extends Topic>(topic: T, listener: Listener<T>): () => void {
    return this.#local.subscribe(topic, listener);
  }

  publish<T extends Topic>(topic: T, changes: Topics[T]): void | Promise<unknown> {
    return this.#local.publish(topic, changes);
  }

  /** Records the ends of the feeds before the records are read. Entries written after that are read again. */
  async begin(): Promise<void> {
    for (const node of await this.#others()) this.#positions.set(node, await lastOf(this.#options.kv, node));
  }

  /**
   * Follows the feeds from there on, and the log of each node. `kinds`: the records, by the name of their kind.
   * Resolves when the changes made during the load have been read. Throws what the store throws.
   */
  async start(
    kinds: Readonly<Record<string, Followed>>,
    log: { catchUp(node: string): Promise<void> },
  ): Promise<void> {
    const { kv, clock, poll_ms } = this.#options;
    this.#kinds = kinds;
    this.#log = log;
    await this.#readOn();
    this.#unwatch = kv.watch(BELL, () => this.#read());
    this.#timer = clock.every(poll_ms, () => this.#read());
    this.#read();
  }

  catchUp(): Promise<void> {
    const pass = Promise.withResolvers<void>();
    this.#waiting.push(pass);
    this.#read();
    return pass.promise;
  }

  /** Stops following. Resolves when no read is under way. */
  async stop(): Promise<void> {
    this.#unwatch?.();
    this.#timer?.cancel();
    this.#again = this.#waiting.length > 0;
    await this.#reading;
  }

  #read(): void {
    this.#again = true;
    this.#reading ??= this.#readAll().finally(() => this.#reading = undefined);
  }

  async #readAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      // They wait for a pass that begins after their call.
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        await this.#readOn();
        for (const { resolve } of waiting) resolve();
      } catch (error) {
        log.warn("The changes of other nodes could not be read, trying again: {error}", { error });
        for (const { reject } of waiting) reject(error);
      }
    }
  }

  /**
   * Reads the changes of all nodes in the order of their commits, so that listeners learn of a task after its
   * dependencies.
   */
  async #readOn(): Promise<void> {
    const { kv } = this.#options;
    const nodes = await this.#others();
    const until = await newestCommit(kv);
    const entries: FeedEntry[] = [];
    let isGap = false;
    for (const node of nodes) {
      const after = this.#positions.get(node) ?? 0;
      const some = await readFeed(kv, node, after, until);
      isGap ||= some.length > 0 && some.at(-1)!.seq - after > FEED_KEPT;
      entries.push(...some);
    }
    entries.sort((a, b) => a.versionstamp < b.versionstamp ? -1 : 1);
    if (isGap) { for (const kind of Object.values(this.#kinds)) await kind.refreshAll(); }
    else for (const [kind, ids] of byKind(entries)) await this.#kinds[kind]?.refresh(ids);
    for (const { node, seq } of entries) this.#positions.set(node, seq);
    for (const node of nodes) await this.#log?.catchUp(node);
  }

  async #others(): Promise<string[]> {
    const nodes: string[] = [];
    for await (const { key } of this.#options.kv.list({ prefix: EPOCHS })) nodes.push(key[1] as string);
    return nodes.filter((node) => node !== this.#options.node);
  }
}

function byKind(entries: readonly FeedEntry[]): Map<string, Map<string, Actor>> {
  const kinds = new Map<string, Map<string, Actor>>();
  for (const [kind, id, by] of entries.flatMap(({ changed }) => changed)) {
    kinds.set(kind, (kinds.get(kind) ?? new Map()).set(id, by));
  }
  return kinds;
}
