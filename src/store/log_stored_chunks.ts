/** Chunks and search texts, read from the store in batches: neighbors are fetched together, and ahead. */
import type { Key, KeyValue } from "./kv/kv.ts";
import { type ChunkHeader, decodeChunk, textOf } from "./log_chunk.ts";
import { chunkKey, placeOf, searchTextKey } from "./log_keys.ts";
import type { RecentTexts } from "./log_recent_texts.ts";
import { decodeSearchText } from "./log_search_text.ts";
import type { ChunkSearchText, ChunkSource, ChunkText } from "./log_source.ts";

/** Chunks per fetch. Other work gets a turn between two fetches. */
const CHUNK_BATCH = 40;
/** The same for search texts, which are shorter. */
const SEARCH_TEXT_BATCH = 160;
/** Fetches under way, so that the store reads ahead while earlier chunks are searched. */
const READS_AHEAD = 2;
/** Up to this many unneeded chunks in a row are read, because that is cheaper than another fetch. */
const GAP_MAX = 2;

interface ChunkValue {
  header: ChunkHeader;
  value: Uint8Array;
}

/** The key of one of a chunk's values, and how many of these are fetched at once. */
interface Kind {
  keyOf(node: string, chunk: number): Key;
  batch: number;
}

const CHUNK: Kind = { keyOf: chunkKey, batch: CHUNK_BATCH };
const SEARCH_TEXT: Kind = { keyOf: searchTextKey, batch: SEARCH_TEXT_BATCH };

export class StoredChunks implements ChunkSource {
  readonly #kv: KeyValue;
  readonly #recent: (header: ChunkHeader) => readonly string[] | undefined;
  readonly #texts: RecentTexts;

  /** `recent`: the lines of a chunk that is in memory. */
  constructor(
    kv: KeyValue,
    recent: (header: ChunkHeader) => readonly string[] | undefined,
    texts: RecentTexts,
  ) {
    this.#kv = kv;
    this.#recent = recent;
    this.#texts = texts;
  }

  /** From memory or from the store. Nodes keep their order. */
  async *read(headers: readonly ChunkHeader[]): AsyncGenerator<ChunkText> {
    for (const run of runsOf(headers, (header) => this.#recent(header) !== undefined)) {
      const recent = this.#recent(run[0]!);
      if (recent) yield { header: run[0]!, text: textOf(recent) };
      else yield* this.#textsOf(run);
    }
  }

  async *#textsOf(run: readonly ChunkHeader[]): AsyncGenerator<ChunkText> {
    for await (const values of this.#values(CHUNK, run)) {
      for (const { header, value } of values) yield { header, text: decodeChunk(header, value) };
    }
  }

  async *readSearchTexts(headers: readonly ChunkHeader[]): AsyncGenerator<ChunkSearchText[]> {
    this.#texts.touch();
    const missing = headers.filter((header) => !this.#texts.has(header));
    yield* this.#texts.of(headers);
    for (const run of runsOf(missing)) {
      for await (const values of this.#values(SEARCH_TEXT, run)) {
        const found = values.filter(({ header, value }) => value.length === header.search_bytes)
          .map(({ header, value }) => ({ header, search: decodeSearchText(value) }));
        for (const one of found) this.#texts.put(one);
        yield found;
      }
    }
  }

  /** The values of neighboring chunks of one node, in their order, in batches. */
  async *#values(kind: Kind, headers: readonly ChunkHeader[]): AsyncGenerator<ChunkValue[]> {
    const ahead: Promise<ChunkValue[]>[] = [];
    for (let at = 0; at < headers.length || ahead.length > 0;) {
      for (; at < headers.length && ahead.length < READS_AHEAD; at += kind.batch) {
        const batch = this.#fetch(kind, headers.slice(at, at + kind.batch));
        // A reader that stops early does not need the failure of later batches.
        batch.catch(() => {});
        ahead.push(batch);
      }
      yield await ahead.shift()!;
    }
  }

  async #fetch({ keyOf }: Kind, headers: readonly ChunkHeader[]): Promise<ChunkValue[]> {
    const { node, chunk: first } = headers[0]!;
    const last = headers.at(-1)!.chunk;
    const requested = new Map(headers.map((header) => [header.chunk, header]));
    const range = {
      prefix: [],
      start: keyOf(node, Math.min(first, last)),
      end: keyOf(node, Math.max(first, last) + 1),
      reverse: last < first,
      // One more than there are: a batch that is not full ends the list without another fetch.
      batch: Math.abs(last - first) + 2,
    };
    const found: ChunkValue[] = [];
    for await (const { key, value } of this.#kv.list(range)) {
      const header = requested.get(placeOf(key).chunk);
      if (header) found.push({ header, value });
    }
    return found;
  }
}

/** Neighbors of one node together, the others in runs of their own. Those that stand `alone` have no neighbors. */
function* runsOf(
  headers: readonly ChunkHeader[],
  alone: (header: ChunkHeader) => boolean = () => false,
): Generator<ChunkHeader[]> {
  for (const ofNode of Map.groupBy(headers, ({ node }) => node).values()) {
    let run: ChunkHeader[] = [];
    for (const header of ofNode) {
      const before = run.at(-1);
      const isNext = before !== undefined && Math.abs(header.chunk - before.chunk) <= GAP_MAX;
      if (run.length > 0 && (!isNext || alone(before!) || alone(header))) {
        yield run;
        run = [];
      }
      run.push(header);
    }
    yield run;
  }
}
