/** The audit log: who did what, and whether the record of it is whole. Section 11 of the contract of the second part. */
import * as z from "zod";
import { epochOf } from "../clock/clock.ts";
import { AuditEntry, AuditOutcome } from "../domain/audit/audit_entry.ts";
import { text, Timestamp } from "../domain/scalars.ts";
import { exchange } from "./exchange.ts";

const AuditLogFilter = z.strictObject({
  actor: text(1, 200).optional().describe("The id of who asked; of who has none, the kind, such as `owner`."),
  action: text(1, 100).optional().describe("The type of the message, such as `start_task`."),
  target: text(1, 200).optional().describe("The id of what it was about."),
  outcome: AuditOutcome.optional(),
  start: Timestamp.optional(),
  end: Timestamp.optional(),
}).refine(({ start, end }) => !start || !end || !(epochOf(start) > epochOf(end)), {
  error: "start not after end",
});

/** What was found out about the chain of one node. */
const AuditChain = z.object({
  node: z.string(),
  ok: z.boolean(),
  entries: z.int(),
  first_seq: z.int().optional().describe("Entries before it were removed because of their age or size."),
  first_bad_seq: z.int().optional().describe("The first that is missing, changed, or not where it belongs."),
  problem: z.string().optional(),
  head_seq: z.int(),
  head: z.string().describe(
    "The hash of the last entry. Kept elsewhere, it proves later that none was cut off.",
  ),
});

export const auditMessages = {
  request_audit_log: exchange(
    "request_audit_log",
    {
      filter: AuditLogFilter.optional(),
      limit: z.int().min(1).max(1000).default(100),
      cursor: text(1, 4000).optional().describe("The next_cursor of the page before."),
      order: z.enum(["asc", "desc"]).default("desc").describe("desc: the newest first."),
    },
    "audit_log",
    {
      entries: z.array(AuditEntry),
      next_cursor: z.string().optional().describe("There is more. A page may be empty and have one."),
      timestamp: z.string(),
    },
  ),
  verify_audit_log: exchange("verify_audit_log", {}, "audit_verified", {
    ok: z.boolean(),
    entries: z.int(),
    first_bad_seq: z.int().optional(),
    head: z.string().describe("The hash of the last entry of the server that answers."),
    chains: z.array(AuditChain).describe("Each server has a chain of its own."),
    timestamp: z.string(),
  }),
};
