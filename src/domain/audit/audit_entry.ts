/** An entry of the audit log: who did what, from where, and how that ended. */
import * as z from "zod";
import { Actor } from "../actor.ts";
import { ERROR_CODES, type ErrorCode } from "../errors.ts";
import { openNames } from "../published.ts";

export const AuditOutcome = z.enum(["ok", "denied", "failed"]);
export type AuditOutcome = z.infer<typeof AuditOutcome>;

/** What an entry says, before it has its place in the chain. */
const Said = {
  actor: Actor,
  ip: z.string().optional().describe("The client's address; absent for what no client asked for."),
  action: z.string().describe("The type of the message, such as `start_task`."),
  target: z.string().optional().describe("The id of what it is about: a task, key, session, agent, process…"),
  outcome: AuditOutcome.describe("`denied`: it was refused. `failed`: it went wrong."),
  code: openNames(z.enum(ERROR_CODES as [ErrorCode, ...ErrorCode[]])).optional().describe(
    "Why it was refused or failed.",
  ),
  details: z.record(z.string(), z.unknown()).describe(
    "Some fields of the message; never its prompts or secrets. `count`: how many refusals the entry sums up.",
  ),
};
const AuditDraft = z.object(Said);
export type AuditDraft = z.infer<typeof AuditDraft>;

export const AuditEntry = z.object({
  node: z.string().describe("The server that wrote it. Each has a chain and numbers of its own."),
  seq: z.int().describe("1, 2, 3…"),
  time: z.string().describe("When it was stored."),
  ...Said,
  prev_hash: z.string().describe("The hash of the entry before; 64 zeros for the first."),
  hash: z.string().describe(
    "SHA-256, in hexadecimal, of prev_hash followed by the entry's canonical JSON (RFC 8785) without prev_hash and hash.",
  ),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** The action of the entry that says which entries were removed because of their age or size. */
export const PRUNED = "prune_audit_log";

/** What stands for the hash before the first entry. */
export const BEGINNING_HASH = "0".repeat(64);
