/**
 * The lease of a node that shares its store with others.
 *
 * Terms:
 * - The node renews its lease after each third of its length. The lease counts from when the node sent the last
 *   successful renewal, on its own monotonic clock.
 * - After two thirds without a successful renewal the lease is lost. `lost` is aborted, and the node commits nothing
 *   more. Its agents have the last third to end. Agents that still run then are killed (`AgentRunner.keepUntil`).
 * - Another node, the judge, decides by what it sees: the lease has expired if its record has not changed for the whole
 *   length, on the judge's own monotonic clock, since the judge first saw this version. So the holder's time ends before
 *   the judge's, whatever their wall clocks show. `until` is for display only.
 * - The judge takes the lease away in one commit: it checks that the record has still not changed, increases the node's
 *   epoch, and removes the record. Leases of tasks from an earlier epoch are then void.
 * - Every commit of a node checks the node's epoch. So a node whose lease was taken away cannot commit, even if it was
 *   paused and has not noticed.
 * - A name belongs to the data folder that holds its lease. A server with another folder may have the name only when it has
 *   seen, as a judge, that the lease has expired.
 * - The monotonic clock may stand still while the machine sleeps. When the wall clock has gone on by much more, the lease is
 *   renewed at once, and lost if that is not confirmed soon.
 * - A lost lease is not regained. When all its agents have ended, the node begins a new epoch (`rejoin`).
 */
import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime, sleep, type Timer } from "../clock/clock.ts";
import { AWAKE_MS, SleepWatch } from "../clock/sleep_watch.ts";
import { ApiError } from "../domain/errors.ts";
import { type Lease, NodeRecord } from "../domain/lease.ts";
import { decode, encode } from "./json.ts";
import type { Key, KeyValue } from "./kv/kv.ts";
import { beginEpoch, decodeEpoch, epochKey, EPOCHS, type NodeLease } from "./node_lease.ts";

const log = getLogger(["opencode-agents", "store"]);

const NODES: Key = ["node"];
/** After this part of its length the lease is renewed, and the leases of the other nodes are read. */
const RENEWAL_PART = 1 / 3;
/** After this part of its length without a successful renewal, the lease is lost. */
const LOSS_PART = 2 / 3;
/** A failed renewal is tried again after this part of the lease's length. */
const RETRY_PART = 1 / 15;
/** How often a node looks whether its machine has slept. */
const SLEEP_LOOK_MS = 500;
/** How often a server looks whether the lease of another server with its name still lives. */
const RIVAL_LOOK_MS = 100;

export type NodeEvent =
  /** The lease of this node lasts until `runs_out_ms` on its monotonic clock. */
  | { kind: "renewed"; runs_out_ms: number }
  | { kind: "lost" }
  /** The leases of this other node are now void. */
  | { kind: "void"; node: string };

export interface SharedNodeOptions {
  kv: KeyValue;
  clock: Clock;
  node: string;
  /** Identifies the data folder of this server. A new server with the same one takes over at once. */
  place?: string;
  lease_ms: number;
  publish(event: NodeEvent): void;
}

/** A lease of another node, as this node has seen it. */
interface Seen {
  versionstamp: string;
  since_ms: number;
}

export class SharedNode implements NodeLease {
  readonly node: string;
  readonly #options: SharedNodeOptions;
  #epoch = 0;
  #epochVersion = "";
  #renewals = 0;
  /** When the last successful renewal was sent. */
  #sent_ms = -Infinity;
  #lost = new AbortController();
  #looking = false;
  #renewal: Timer | undefined;
  #loss: Timer | undefined;
  #judging: Timer | undefined;
  #sleepLook: Timer | undefined;
  /** Until the lease has to be confirmed after a sleep. */
  #confirmation: Timer | undefined;
  readonly #epochs = new Map<string, number>();
  readonly #seen = new Map<string, Seen>();

  constructor(options: SharedNodeOptions) {
    this.#options = options;
    this.node = options.node;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get until(): string {
    const { clock } = this.#options;
    return isoTime(clock.now() + this.runs_out_ms - clock.monotonic());
  }

  get runs_out_ms(): number {
    return this.#sent_ms + this.#options.lease_ms;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isOwn(lease: Lease | undefined): boolean {
    return lease?.node === this.node && lease.fencing === this.#epoch;
  }

  isVoid({ node, fencing: epoch }: Lease): boolean {
    if (node === this.node) return epoch !== this.#epoch;
    // The leases of an unknown node are not void.
    return epoch < (this.#epochs.get(node) ?? 0);
  }

  /**
   * Begins the first epoch of this run of the node, and reads the other leases. Waits for the end of a lease that a server
   * with another data folder has under this name. Throws `PROCESS_ALREADY_EXISTS` if that one is renewed, and what the store
   * throws.
   */
  async join(): Promise<void> {
    await this.#untilFree();
    await this.rejoin();
    await this.#look();
    const { clock, lease_ms } = this.#options;
    this.#judging = clock.every(lease_ms * RENEWAL_PART, () => void this.#look());
    const sleep = new SleepWatch(clock);
    this.#sleepLook = clock.every(SLEEP_LOOK_MS, () => {
      if (sleep.hasSlept() && !this.#lost.signal.aborted) this.#renewAwake();
    });
  }

  async #untilFree(): Promise<void> {
    const { kv, clock, place } = this.#options;
    let seen: Seen | undefined;
    for (;;) {
      const found = await kv.get([...NODES, this.node]);
      if (!found) return;
      const { place: other, lease_ms } = NodeRecord.parse(decode(found.value));
      if (other === undefined || other === place) return;
      seen ??= { versionstamp: found.versionstamp, since_ms: clock.monotonic() };
      if (seen.versionstamp !== found.versionstamp) throw nameTaken(this.node);
      if (clock.monotonic() - seen.since_ms >= lease_ms) return;
      await sleep(clock, RIVAL_LOOK_MS);
    }
  }

  async rejoin(): Promise<void> {
    const { kv } = this.#options;
    const { epoch, versionstamp } = await beginEpoch(kv, this.node);
    this.#epoch = epoch;
    this.#epochVersion = versionstamp;
    this.#renewals = 0;
    const sent_ms = this.#options.clock.monotonic();
    const { ok } = await this.#write();
    if (!ok) throw this.#refused();
    this.#lost = new AbortController();
    this.#held(sent_ms);
  }

  async leave(isFree: boolean): Promise<void> {
    this.#judging?.cancel();
    this.#sleepLook?.cancel();
    if (this.#lost.signal.aborted) return;
    try {
      if (isFree) await this.#options.kv.commit({ checks: [this.#check], deletes: [[...NODES, this.node]] });
    } catch (error) {
      // The others notice the end later by themselves.
      log.warn("The lease of this node could not be given up: {error}", { error });
    }
    this.#lose();
  }

  // ---- the holder

  /** The check for each commit of this node. Throws `SERVICE_UNAVAILABLE` if the lease is lost. */
  epochCheck(): { key: Key; versionstamp: string } {
    this.#loseWhenOver();
    if (this.#lost.signal.aborted) throw this.#refused();
    return this.#check;
  }

  /** The error if no commit of this node can succeed any more, because another node has increased its epoch. */
  async refusal(): Promise<ApiError | undefined> {
    const checked = this.#epochVersion;
    const now = await this.#options.kv.get(epochKey(this.node));
    if (now?.versionstamp === this.#epochVersion || checked !== this.#epochVersion) return undefined;
    this.#lose();
    return this.#refused();
  }

  get #check() {
    return { key: epochKey(this.node), versionstamp: this.#epochVersion };
  }

  #write() {
    const { kv, lease_ms, clock, place } = this.#options;
    const record: NodeRecord = {
      node: this.node,
      place,
      fencing: this.#epoch,
      lease_ms,
      until: isoTime(clock.now() + lease_ms),
      renewals: ++this.#renewals,
    };
    const sets = [{ key: [...NODES, this.node], value: encode(record) }];
    return kv.commit({ checks: [this.#check], sets });
  }

  #held(sent_ms: number): void {
    const { clock, lease_ms } = this.#options;
    this.#sent_ms = sent_ms;
    this.#loss?.cancel();
    this.#loss = clock.after(sent_ms + lease_ms * LOSS_PART - clock.monotonic(), () => this.#loseWhenOver());
    this.#renewIn(sent_ms + lease_ms * RENEWAL_PART - clock.monotonic());
    this.#options.publish({ kind: "renewed", runs_out_ms: this.runs_out_ms });
  }

  #renewIn(ms: number): void {
    this.#renewal = this.#options.clock.after(ms, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const sent_ms = this.#options.clock.monotonic();
    const { signal } = this.#lost;
    try {
      const { ok } = await this.#write();
      // An answer that comes after the lease was lost, or after a new epoch has begun, is out of date.
      if (signal !== this.#lost.signal || signal.aborted) return;
      if (ok) this.#held(sent_ms);
      else this.#lose();
    } catch (error) {
      log.warn("The lease of this node could not be renewed, trying again: {error}", { error });
      if (!signal.aborted) this.#renewIn(this.#options.lease_ms * RETRY_PART);
    }
  }

  /** Renews the lease after a sleep; lost, if that is not confirmed soon. */
  #renewAwake(): void {
    const { clock } = this.#options;
    const { signal } = this.#lost;
    const awake_ms = clock.monotonic();
    this.#renewal?.cancel();
    void this.#renew();
    this.#confirmation = clock.after(AWAKE_MS, () => {
      if (signal === this.#lost.signal && this.#sent_ms < awake_ms) this.#lose();
    });
  }

  #loseWhenOver(): void {
    const { clock, lease_ms } = this.#options;
    if (clock.monotonic() - this.#sent_ms >= lease_ms * LOSS_PART) this.#lose();
  }

  #lose(): void {
    if (this.#lost.signal.aborted) return;
    this.#renewal?.cancel();
    this.#loss?.cancel();
    this.#confirmation?.cancel();
    log.warn("This node has lost its lease; its agents are ended", { node: this.node });
    this.#lost.abort();
    this.#options.publish({ kind: "lost" });
  }

  #refused(): ApiError {
    const message = "This node has lost its lease and joins again";
    return new ApiError("SERVICE_UNAVAILABLE", message, { node: this.node, retry_after_seconds: 1 });
  }

  // ---- the judge

  /** Reads the leases of the other nodes and takes away those that have expired. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#readEpochs();
      await this.#judge();
    } catch (error) {
      log.warn("The leases of other nodes could not be read, trying again: {error}", { error });
    } finally {
      this.#looking = false;
    }
  }

  async #readEpochs(): Promise<void> {
    for await (const { key, value } of this.#options.kv.list({ prefix: EPOCHS })) {
      const node = key[1] as string;
      this.#raise(node, decodeEpoch(node, value));
    }
  }

  #raise(node: string, epoch: number): void {
    const before = this.#epochs.get(node) ?? 0;
    if (node === this.node || epoch <= before) return;
    this.#epochs.set(node, epoch);
    this.#options.publish({ kind: "void", node });
  }

  async #judge(): Promise<void> {
    const { kv, clock } = this.#options;
    const asked_ms = clock.monotonic();
    const there = new Set<string>();
    for await (const { key, value, versionstamp } of kv.list({ prefix: NODES })) {
      const node = key[1] as string;
      if (node === this.node) continue;
      there.add(node);
      const seen = this.#seen.get(node);
      if (seen?.versionstamp !== versionstamp) {
        this.#seen.set(node, { versionstamp, since_ms: clock.monotonic() });
      } else {
        const { lease_ms, fencing: epoch } = NodeRecord.parse(decode(value));
        if (asked_ms - seen.since_ms >= lease_ms) await this.#takeAway(node, epoch, versionstamp);
      }
    }
    for (const node of this.#seen.keys()) if (!there.has(node)) this.#seen.delete(node);
  }

  async #takeAway(node: string, epoch: number, versionstamp: string): Promise<void> {
    const key = [...NODES, node];
    const { ok } = await this.#options.kv.commit({
      checks: [this.epochCheck(), { key, versionstamp }],
      sets: [{ key: epochKey(node), value: encode(epoch + 1) }],
      deletes: [key],
    });
    if (!ok) return;
    log.warn("The lease of node {node} has run out; its tasks are taken over", { node });
    this.#raise(node, epoch + 1);
  }
}

function nameTaken(node: string): ApiError {
  return new ApiError(
    "PROCESS_ALREADY_EXISTS",
    `Another server on this store is the node '${node}'. Give this one another name: cluster.node`,
    { field: "cluster.node", value: node },
  );
}
