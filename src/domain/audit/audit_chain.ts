/**
 * The chain of the audit log: each entry has the hash of the one before in its own. Whoever knows the last hash finds every
 * change of what came before. Pure.
 */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { type AuditEntry, BEGINNING_HASH, PRUNED } from "./audit_entry.ts";

/** The end of a chain, where the next entry is linked. */
export interface ChainHead {
  seq: number;
  hash: string;
}

/** Where each chain begins. */
export const BEGINNING: ChainHead = { seq: 0, hash: BEGINNING_HASH };

/** The hash of an entry after the one with `prev_hash`. What the entry says of hashes itself does not count. */
export function hashOf(prev_hash: string, entry: object): string {
  const { prev_hash: _prev, hash: _hash, ...said } = entry as Partial<AuditEntry>;
  return createHash("sha256").update(prev_hash).update(canonicalize(said)!).digest("hex");
}

/** The entry as the next of the chain. `said` must be of what JSON can express. */
export function linked(head: ChainHead, said: Omit<AuditEntry, "seq" | "prev_hash" | "hash">): AuditEntry {
  const entry = { ...said, seq: head.seq + 1 };
  return { ...entry, prev_hash: head.hash, hash: hashOf(head.hash, entry) };
}

/** The details of the entry that says which entries were removed: all up to this one. */
export interface PrunedDetails {
  through_seq: number;
  through_hash: string;
}

/** What was found out about one node's chain. */
export interface ChainVerdict {
  ok: boolean;
  /** How many entries there are, bad ones included. */
  entries: number;
  /** The number of the first entry that is missing, changed, or not where it belongs. */
  first_bad_seq?: number;
  problem?: string;
  /** The number of the first entry. Those before it were removed because of their age or size. */
  first_seq?: number;
  /** The last entry of the chain that is in order. */
  head: ChainHead;
}

/** Verifies the chain of one node from its first entry on. */
export class ChainCheck {
  #head: ChainHead | undefined;
  #begin: ChainHead | undefined;
  #entries = 0;
  #bad: { seq: number; problem: string } | undefined;
  /** By number: the hashes of the last entries that were removed, as later entries say. */
  readonly #pruned = new Map<number, string>();

  /** `anchor`: the last entry that was removed, if that is known. */
  constructor(anchor?: ChainHead) {
    this.#head = this.#begin = anchor;
  }

  /** `entry`: as it was read; undefined for what is not JSON. */
  add(entry: unknown): void {
    this.#entries++;
    if (this.#bad) return;
    const found = isLink(entry) ? entry : undefined;
    // Of a chain whose beginning was removed, the first entry itself says what came before it.
    this.#begin ??= found && { seq: found.seq - 1, hash: found.prev_hash };
    const before = this.#head ??= this.#begin ?? BEGINNING;
    const expected = before.seq + 1;
    if (found === undefined) return this.#fail(expected, "it is no entry");
    if (found.seq > expected) return this.#fail(expected, `entry ${found.seq} is in its place`);
    if (found.seq < expected) return this.#fail(expected, `entry ${found.seq} is there once more`);
    if (found.prev_hash !== before.hash) return this.#fail(expected, "it does not follow the entry before");
    if (!isUnchanged(before.hash, found)) return this.#fail(expected, "it was changed");
    this.#head = { seq: found.seq, hash: found.hash };
    this.#notePruned(found);
  }

  /** Whether all entries so far follow each other. */
  get isInOrder(): boolean {
    return this.#bad === undefined;
  }

  /** `last`: the end of the chain, if that is known. */
  verdict(last?: ChainHead): ChainVerdict {
    const head = this.#head ?? BEGINNING;
    if (!this.#bad) this.#checkBeginning();
    if (!this.#bad && last !== undefined) this.#checkEnd(head, last);
    return {
      ok: this.#bad === undefined,
      entries: this.#entries,
      ...this.#bad && { first_bad_seq: this.#bad.seq, problem: this.#bad.problem },
      ...this.#begin && this.#entries > 0 && { first_seq: this.#begin.seq + 1 },
      head,
    };
  }

  #checkBeginning(): void {
    const begin = this.#begin ?? BEGINNING;
    const expected = begin.seq === 0 ? BEGINNING.hash : this.#pruned.get(begin.seq);
    if (expected === begin.hash) return;
    if (begin.seq === 0) return this.#fail(1, "it does not begin with 64 zeros");
    const known = [...this.#pruned.keys()].filter((seq) => seq < begin.seq);
    this.#fail(Math.max(0, ...known) + 1, "no entry says that it was removed because of its age or size");
  }

  #checkEnd(head: ChainHead, last: ChainHead): void {
    if (head.seq === last.seq && head.hash === last.hash) return;
    if (head.seq === last.seq) return this.#fail(head.seq, "another entry is the end of the chain");
    const isCut = head.seq < last.seq;
    const seq = Math.min(head.seq, last.seq) + 1;
    this.#fail(seq, isCut ? "it is missing at the end" : "it comes after the end of the chain");
  }

  #notePruned({ action, details }: Partial<AuditEntry>): void {
    if (action !== PRUNED) return;
    const { through_seq, through_hash } = details as Partial<PrunedDetails> | undefined ?? {};
    if (typeof through_seq === "number" && typeof through_hash === "string") {
      this.#pruned.set(through_seq, through_hash);
    }
  }

  #fail(seq: number, problem: string): void {
    this.#bad = { seq, problem };
  }
}

type Link = Partial<AuditEntry> & Pick<AuditEntry, "seq" | "hash" | "prev_hash">;

function isLink(entry: unknown): entry is Link {
  const { seq, hash, prev_hash } = entry as Partial<AuditEntry> | null ?? {};
  return Number.isSafeInteger(seq) && typeof hash === "string" && typeof prev_hash === "string";
}

function isUnchanged(prev_hash: string, entry: Link): boolean {
  try {
    return hashOf(prev_hash, entry) === entry.hash;
  } catch {
    // It holds what canonical JSON cannot express, such as half a surrogate pair, and what no entry had.
    return false;
  }
}
