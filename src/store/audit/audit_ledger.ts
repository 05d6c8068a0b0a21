/** Links the entries of the audit log that this node's commits store. */
import type { Clock } from "../../clock/clock.ts";
import { isoTime } from "../../clock/clock.ts";
import { BEGINNING, linked } from "../../domain/audit/audit_chain.ts";
import type { AuditDraft } from "../../domain/audit/audit_entry.ts";
import type { Ledger, LedgerPart } from "../group_commit.ts";
import type { KeyValue } from "../kv/kv.ts";
import { chunksOf, decodePosition, encodePosition, headKey, type Position } from "./chain_values.ts";

interface KnownHead extends Position {
  /** Of the head's key; null if there is no entry yet. Commits check it, so that no entry is stored twice or lost. */
  versionstamp: string | null;
}

export class AuditLedger implements Ledger {
  readonly #kv: KeyValue;
  readonly #clock: Clock;
  readonly #node: string;
  /** Undefined while it has to be read. */
  #head: KnownHead | undefined;

  constructor(kv: KeyValue, clock: Clock, node: string) {
    this.#kv = kv;
    this.#clock = clock;
    this.#node = node;
  }

  /** Rejects with the store's error. */
  async head(): Promise<KnownHead> {
    if (this.#head) return this.#head;
    const found = await this.#kv.get(headKey(this.#node));
    return this.#head = found
      ? { ...decodePosition(found.value), versionstamp: found.versionstamp }
      : { ...BEGINNING, bytes: 0, versionstamp: null };
  }

  async next(drafts: readonly AuditDraft[]): Promise<LedgerPart> {
    const before = await this.head();
    const time = isoTime(this.#clock.now());
    const entries = [];
    let head: { seq: number; hash: string } = before;
    for (const draft of drafts) {
      const entry = linked(head, { node: this.#node, time, ...draft });
      entries.push(entry);
      head = entry;
    }
    const chunks = chunksOf(this.#node, entries);
    const bytes = chunks.reduce((sum, { value }) => sum + value.length, before.bytes);
    const after = { seq: head.seq, hash: head.hash, bytes };
    const key = headKey(this.#node);
    return {
      commit: {
        checks: [{ key, versionstamp: before.versionstamp }],
        sets: [...chunks, { key, value: encodePosition(after) }],
        deletes: [],
      },
      stored: (versionstamp) => this.#head = { ...after, versionstamp },
      doubtful: () => this.#head = undefined,
      wasOvertaken: async () => {
        this.#head = undefined;
        return (await this.head()).versionstamp !== before.versionstamp;
      },
    };
  }
}
