/** The place of an entry in the log. Each node numbers its own entries from 1. Pure. */

export interface LogPlace {
  node: string;
  /** The number of the entry among those of its node. */
  seq: number;
}

/**
 * A point in the log: the number of the last entry of each node. Entries of nodes that it does not name come after it.
 */
export type LogMark = ReadonlyMap<string, number>;

/** Whether the entry comes after the mark. */
export function isAfter(mark: LogMark, { node, seq }: LogPlace): boolean {
  return seq > (mark.get(node) ?? 0);
}
