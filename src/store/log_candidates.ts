/** The chunks that a query has to look at, by what their headers and search texts show. */
import type { ChunkHeader } from "./log_chunk.ts";
import type { Judgment, LogConditions } from "./log_query.ts";
import type { ChunkSource } from "./log_source.ts";

/** A chunk that may contain matches. */
export interface Candidate {
  header: ChunkHeader;
  judgment: Judgment;
  /** Whether its matches may be the oldest or the newest. */
  isEdge: boolean;
}

/** The chunks of one node that may contain matches, in the order of their headers. */
export async function candidatesOf(
  source: ChunkSource,
  headers: readonly ChunkHeader[],
  conditions: LogConditions,
): Promise<Candidate[]> {
  const judgments = headers.map((header) => conditions.judge(header));
  if (conditions.areSearched) {
    const places = new Map<ChunkHeader, number>();
    for (const [i, header] of headers.entries()) {
      if (judgments[i]!.verdict === "unknown" && header.search_bytes !== undefined) places.set(header, i);
    }
    for await (const some of source.readSearchTexts([...places.keys()])) {
      for (const { header, search } of some) {
        judgments[places.get(header)!] = conditions.judgeBySearch(header, search);
      }
    }
  }
  const candidates: Candidate[] = [];
  let first: Candidate | undefined;
  let last: Candidate | undefined;
  for (let i = 0; i < headers.length; i++) {
    const judgment = judgments[i]!;
    if (judgment.verdict === "none") continue;
    const candidate = { header: headers[i]!, judgment, isEdge: false };
    candidates.push(candidate);
    // Those that are unknown are read anyway. Each of the others has a match.
    if (judgment.verdict === "unknown") continue;
    first ??= candidate;
    last = candidate;
  }
  for (const edge of [first, last]) if (edge) edge.isEdge = true;
  return candidates;
}

/** Sorts chunks by how likely their entries are on the page. Those of one node are already in this order. */
export function merge(candidates: Candidate[], direction: 1 | -1, nodes: number): void {
  if (direction === -1) candidates.reverse();
  if (nodes <= 1) return;
  const timeOf = ({ header }: Candidate) => direction === 1 ? header.first_time : header.last_time;
  candidates.sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0) * direction);
}
