/** The audit log of a store: its reading, its verification, and the removal of what is too old or too much. */
import { type Clock, epochOf } from "../../clock/clock.ts";
import { SERVER } from "../../domain/actor.ts";
import type { PrunedDetails } from "../../domain/audit/audit_chain.ts";
import { type AuditDraft, AuditEntry, PRUNED } from "../../domain/audit/audit_entry.ts";
import type { GroupCommit } from "../group_commit.ts";
import type { Key, KeyValue } from "../kv/kv.ts";
import { AuditLedger } from "./audit_ledger.ts";
import { AuditReader } from "./audit_reader.ts";
import { trackActions } from "./audited_action.ts";
import { anchorKey, encodePosition, linesOf, type Position } from "./chain_values.ts";

const LastEntry = AuditEntry.pick({ seq: true, hash: true, time: true });

/** Chunks removed by one commit. */
const REMOVED_AT_ONCE = 500;
/** If there is too much, so much of the bound stays: each removal leaves an entry of its own. */
const KEPT_SHARE = 0.9;

export interface AuditBounds {
  retention_ms: number;
  max_bytes: number;
}

export interface AuditLogOptions {
  kv: KeyValue;
  commits: GroupCommit;
  clock: Clock;
  node: string;
}

export class AuditLog extends AuditReader {
  readonly #options: AuditLogOptions;
  readonly #ledger: AuditLedger;

  /** Reads the end of this node's chain. From now on commits may have entries. Rejects with the store's error. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { kv, clock, node, commits } = options;
    await trackActions();
    const ledger = new AuditLedger(kv, clock, node);
    await ledger.head();
    commits.keepAudit(ledger);
    return new AuditLog(options, ledger);
  }

  constructor(options: AuditLogOptions, ledger: AuditLedger) {
    super(options.kv);
    this.#options = options;
    this.#ledger = ledger;
  }

  /** The name of this node in the log. */
  get node(): string {
    return this.#options.node;
  }

  /** The commits that an action's entry may ride with. */
  get commits(): GroupCommit {
    return this.#options.commits;
  }

  /** Stores one entry by itself. Rejects with the store's error. */
  async add(entry: AuditDraft): Promise<void> {
    await this.#options.commits.commit({}, [], entry);
  }

  /** Removes the oldest entries of this node that are too old or too much. Returns how many. Rejects with the store's error. */
  async prune({ retention_ms, max_bytes }: AuditBounds): Promise<number> {
    const oldest_ms = this.#options.clock.now() - retention_ms;
    let removed = 0;
    for (;;) {
      const some = await this.#pruneSome(oldest_ms, max_bytes);
      removed += some;
      if (some === 0) return removed;
    }
  }

  async #pruneSome(oldest_ms: number, max_bytes: number): Promise<number> {
    const { commits, node } = this.#options;
    const head = await this.#ledger.head();
    const before = await this.anchorOf(node) ?? { seq: 0, hash: "", bytes: 0 };
    const isTooMuch = head.bytes - before.bytes > max_bytes;
    const kept_bytes = isTooMuch ? max_bytes * KEPT_SHARE : Infinity;
    // The entry about the removal is linked to the last one, also if that goes.
    let anchor: Position = before;
    const deletes: Key[] = [];
    for await (const { key, value } of this.chunks(node)) {
      const last = LastEntry.parse(JSON.parse(linesOf(value).at(-1)!));
      const isDue = epochOf(last.time) < oldest_ms || head.bytes - anchor.bytes > kept_bytes;
      if (!isDue || deletes.length === REMOVED_AT_ONCE) break;
      deletes.push(key);
      anchor = { seq: last.seq, hash: last.hash, bytes: anchor.bytes + value.length };
    }
    if (deletes.length === 0) return 0;
    const entries = anchor.seq - before.seq;
    const details: PrunedDetails = { through_seq: anchor.seq, through_hash: anchor.hash };
    const sets = [{ key: anchorKey(node), value: encodePosition(anchor) }];
    const entry = {
      actor: SERVER,
      action: PRUNED,
      outcome: "ok" as const,
      details: { ...details, entries, reason: isTooMuch ? "max_bytes" : "retention_days" },
    };
    await commits.commit({ sets, deletes }, [], entry);
    return entries;
  }
}
