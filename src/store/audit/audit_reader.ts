/** Reads the chains of all nodes. */
import type { AuditEntry } from "../../domain/audit/audit_entry.ts";
import { BEGINNING, ChainCheck, type ChainHead, type ChainVerdict } from "../../domain/audit/audit_chain.ts";
import type { KeyValue } from "../kv/kv.ts";
import {
  ALL_ENTRIES,
  ALL_HEADS,
  anchorKey,
  type Chunk,
  chunkKey,
  decodePosition,
  entriesOf,
  headKey,
  linesOf,
  type Position,
} from "./chain_values.ts";

/** Chunks per read. One has up to 64 KB. */
const BATCH = 20;
/** How often a chain is looked at again because entries were removed meanwhile. */
const TRIES_MAX = 5;

export type ChainReport = ChainVerdict & { node: string };

export class AuditReader {
  readonly #kv: KeyValue;

  constructor(kv: KeyValue) {
    this.#kv = kv;
  }

  /** The nodes that have a chain, in order; also one whose end somebody has removed. */
  async nodes(): Promise<string[]> {
    const nodes = new Set<string>();
    for await (const { key } of this.#kv.list({ prefix: ALL_HEADS })) nodes.add(key[1] as string);
    let start = ALL_ENTRIES;
    const next = () => this.#kv.list({ prefix: ALL_ENTRIES, start, end: [...ALL_ENTRIES, 0], limit: 1 });
    for (let isMore = true; isMore;) {
      isMore = false;
      for await (const { key } of next()) {
        const node = key[1] as string;
        nodes.add(node);
        start = chunkKey(node, Number.MAX_SAFE_INTEGER);
        isMore = true;
      }
    }
    return [...nodes].sort();
  }

  async headOf(node: string): Promise<Position | undefined> {
    const found = await this.#kv.get(headKey(node));
    return found && decodePosition(found.value);
  }

  /** The last entry that was removed because of its age or size. */
  async anchorOf(node: string): Promise<Position | undefined> {
    const found = await this.#kv.get(anchorKey(node));
    return found && decodePosition(found.value);
  }

  /** The chunks of a node from the one with this entry on, the oldest first. */
  async *chunks(node: string, from_seq = 1): AsyncGenerator<Chunk> {
    const prefix = entriesOf(node);
    let start = chunkKey(node, 0);
    const end = chunkKey(node, from_seq + 1);
    for await (const { key } of this.#kv.list({ prefix, start, end, reverse: true, limit: 1 })) start = key;
    yield* this.#kv.list({
      prefix,
      start,
      end: chunkKey(node, Number.MAX_SAFE_INTEGER),
      batch: BATCH,
    });
  }

  /** The entries of a node after this one, the oldest first. */
  async *after(node: string, seq: number): AsyncGenerator<AuditEntry, undefined> {
    for await (const { value } of this.chunks(node, seq + 1)) {
      for (const entry of entriesIn(value)) if (entry.seq > seq) yield entry;
    }
  }

  /** The entries of a node before this one, the newest first. */
  async *before(node: string, seq: number): AsyncGenerator<AuditEntry, undefined> {
    const range = { start: chunkKey(node, 0), end: chunkKey(node, seq), reverse: true, batch: BATCH };
    for await (const { value } of this.#kv.list({ prefix: entriesOf(node), ...range })) {
      for (const entry of entriesIn(value).reverse()) if (entry.seq < seq) yield entry;
    }
  }

  /** What becomes of each node's chain if it is computed again. */
  async verify(): Promise<ChainReport[]> {
    const reports: ChainReport[] = [];
    for (const node of await this.nodes()) reports.push({ node, ...await this.#verifyChain(node) });
    return reports;
  }

  async #verifyChain(node: string): Promise<ChainVerdict> {
    for (let tries = 1;; tries++) {
      const anchor = await this.anchorOf(node);
      const head = await this.headOf(node) ?? BEGINNING;
      const verdict = await this.#check(node, anchor, head);
      if (verdict.ok || tries === TRIES_MAX) return verdict;
      if ((await this.anchorOf(node))?.seq === anchor?.seq) return verdict;
    }
  }

  async #check(node: string, anchor: ChainHead | undefined, head: ChainHead): Promise<ChainVerdict> {
    const check = new ChainCheck(anchor);
    for await (const { value } of this.chunks(node)) {
      for (const line of linesOf(value)) {
        const entry = parsed(line);
        // Stored since the verification began.
        if (seqOf(entry) > head.seq && check.verdict(head).ok) return check.verdict(head);
        check.add(entry);
      }
    }
    return check.verdict(head);
  }
}

/** What was tampered with is left out: `verify` finds it. */
function entriesIn(value: Uint8Array): AuditEntry[] {
  return linesOf(value).map(parsed).filter((entry): entry is AuditEntry => seqOf(entry) > 0);
}

function seqOf(entry: unknown): number {
  const { seq } = entry as Partial<AuditEntry> | null ?? {};
  return typeof seq === "number" ? seq : NaN;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Whoever wrote this was not the server.
    return undefined;
  }
}
