/** Verifies an exported audit log: JSON Lines, each node's entries oldest first. Pure. */
import { ChainCheck, type ChainVerdict } from "./audit_chain.ts";

export interface AuditFileReport {
  ok: boolean;
  entries: number;
  chains: (ChainVerdict & { node: string })[];
  /** Whether the wanted head is there; absent if none is wanted. */
  has_head?: boolean;
}

/** `head`: the hash of an entry that must be there, such as the last one of an earlier verification. */
export async function verifyAuditFile(
  lines: AsyncIterable<string>,
  head?: string,
): Promise<AuditFileReport> {
  const checks = new Map<string, ChainCheck>();
  let has_head = false;
  let node = "";
  for await (const line of lines) {
    if (line.trim() === "") continue;
    const entry = parsed(line);
    // What names no node belongs to the entries around it.
    if (typeof entry?.node === "string") node = entry.node;
    let check = checks.get(node);
    if (!check) checks.set(node, check = new ChainCheck());
    check.add(entry);
    // Only what is in order up to there proves anything.
    has_head ||= head !== undefined && entry?.hash === head && check.isInOrder;
  }
  const chains = [...checks].map(([node, check]) => ({ node, ...check.verdict() }));
  const entries = chains.reduce((sum, one) => sum + one.entries, 0);
  const ok = chains.every((one) => one.ok) && (head === undefined || has_head);
  return { ok, entries, chains, ...head !== undefined && { has_head } };
}

function parsed(line: string): { node?: unknown; hash?: unknown } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    // The chain says which entry it should have been.
    return undefined;
  }
}
