/** Pages of the audit log: the entries of all nodes in the order of time. */
import * as z from "zod";
import type { AuditEntry } from "../../domain/audit/audit_entry.ts";
import { utf8Length } from "../../domain/scalars.ts";
import { cursorError } from "../log_cursor.ts";
import type { AuditReader } from "./audit_reader.ts";

/** Entries that one page looks at. A filter that hardly any entry matches may give an empty page with a cursor. */
const SCANNED_MAX = 20_000;
/** Of the JSON of one page. */
const PAGE_BYTES = 4 << 20;

export interface AuditQuery {
  matches(entry: AuditEntry): boolean;
  limit: number;
  cursor?: string;
  /** `desc`: the newest first. */
  order: "asc" | "desc";
}

export interface AuditPage {
  entries: AuditEntry[];
  next_cursor?: string;
}

/** By node: the number of the entry that was read last. */
type Place = Map<string, number>;
const Cursor = z.tuple([z.enum(["asc", "desc"]), z.record(z.string(), z.int())]);

/** Throws `INVALID_FIELD_FORMAT` and `INVALID_FIELD_VALUE` for a wrong cursor. */
export async function auditPage(reader: AuditReader, query: AuditQuery): Promise<AuditPage> {
  const { matches, limit, order, cursor } = query;
  const place = cursor === undefined ? await beginning(reader, order) : placeOf(cursor, order);
  const sources = await opened(reader, place, order);
  const entries: AuditEntry[] = [];
  let bytes = 0;
  try {
    for (let scanned = 0; scanned < SCANNED_MAX && entries.length < limit && bytes < PAGE_BYTES; scanned++) {
      const next = sources.filter(({ head }) => head !== undefined).sort(byTime(order))[0];
      if (!next) return { entries };
      const entry = next.head!;
      if (matches(entry)) {
        entries.push(entry);
        bytes += utf8Length(JSON.stringify(entry));
      }
      place.set(next.node, entry.seq);
      next.head = (await next.rest.next()).value;
    }
    const isMore = sources.some(({ head }) => head !== undefined);
    return isMore ? { entries, next_cursor: cursorOf(place, order) } : { entries };
  } finally {
    for (const { rest } of sources) await rest.return(undefined);
  }
}

interface Source {
  node: string;
  head: AuditEntry | undefined;
  rest: AsyncGenerator<AuditEntry, undefined>;
}

async function opened(reader: AuditReader, place: Place, order: AuditQuery["order"]): Promise<Source[]> {
  const sources: Source[] = [];
  for (const [node, seq] of place) {
    const rest = order === "asc" ? reader.after(node, seq) : reader.before(node, seq);
    sources.push({ node, rest, head: (await rest.next()).value });
  }
  return sources;
}

async function beginning(reader: AuditReader, order: AuditQuery["order"]): Promise<Place> {
  const place: Place = new Map();
  for (const node of await reader.nodes()) place.set(node, order === "asc" ? 0 : Number.MAX_SAFE_INTEGER);
  return place;
}

function byTime(order: AuditQuery["order"]) {
  const sign = order === "asc" ? 1 : -1;
  return (a: Source, b: Source) => {
    const [one, other] = [a.head!.time, b.head!.time];
    return one === other ? 0 : sign * (one < other ? -1 : 1);
  };
}

function cursorOf(place: Place, order: AuditQuery["order"]): string {
  return btoa(JSON.stringify([order, Object.fromEntries(place)]))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function placeOf(cursor: string, order: AuditQuery["order"]): Place {
  let found: z.infer<typeof Cursor>;
  try {
    found = Cursor.parse(JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/"))));
  } catch {
    // Not base64, or not what `cursorOf` wrote.
    throw cursorError("INVALID_FIELD_FORMAT", "This is no cursor", cursor);
  }
  if (found[0] !== order) {
    throw cursorError("INVALID_FIELD_VALUE", "This cursor belongs to a query with another order", cursor);
  }
  return new Map(Object.entries(found[1]));
}
