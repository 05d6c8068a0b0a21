/** Keeps the audit log: who asked for what, and how that ended. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";
import type { AuditDraft } from "../domain/audit/audit_entry.ts";
import { boundedDetails } from "../domain/audit/audit_details.ts";
import { ApiError, type ErrorCode } from "../domain/errors.ts";
import type { Masker } from "../domain/masking.ts";
import type { AuditLog } from "../store/audit/audit_log.ts";
import { asAction, AuditedAction } from "../store/audit/audited_action.ts";
import { RefusalSums } from "./refusal_sums.ts";

const log = getLogger(["opencode-agents", "security"]);

/** What somebody asks for. */
export interface Asked {
  actor: Actor;
  ip?: string;
  action: string;
  target?: string;
  details?: Record<string, unknown>;
}

/** The codes of those who may not. All others say that something went wrong. */
const DENIED: readonly ErrorCode[] = [
  "AUTHENTICATION_REQUIRED",
  "INVALID_AUTH_TOKEN",
  "PERMISSION_DENIED",
  "RATE_LIMIT_EXCEEDED",
  "CONNECTION_LIMIT_EXCEEDED",
];

export class Auditor {
  readonly log: AuditLog;
  readonly #masker: Masker;
  readonly #refusals: RefusalSums;
  /** Errors that have an entry: they may come by more than one place where refusals are noted. */
  readonly #noted = new WeakSet<Error>();
  /** The entries that nobody waits for. */
  readonly #underWay = new Set<Promise<void>>();

  constructor({ log, masker, clock }: { log: AuditLog; masker: Masker; clock: Clock }) {
    this.log = log;
    this.#masker = masker;
    this.#refusals = new RefusalSums(clock, (entry) => this.#addLater(entry));
  }

  /**
   * Carries out what somebody asked for. Its entry is stored with the first commit of `work` for that actor, where `work` says so,
   * or at its end. Rejects with what `work` throws, and if the entry cannot be stored.
   */
  async during<T>(asked: Asked, work: () => T | Promise<T>): Promise<T> {
    const action = new AuditedAction(this.log.commits, draftOf(asked), (draft) => this.#masker.deep(draft));
    try {
      const answer = await asAction(action, async () => await work());
      await action.record();
      return answer;
    } catch (error) {
      await this.#ended(action.draft, error, action.isStored);
      throw error;
    } finally {
      action.close();
    }
  }

  /** What somebody asked for has failed, or was refused, before it began. Resolves when that is stored, or cannot be. */
  async failed(asked: Asked, error: unknown): Promise<void> {
    await this.#ended(draftOf(asked), error, false);
  }

  /** Notes a failure if it says that somebody may not do something, once. */
  noteRefusal(asked: Asked, error: unknown): void {
    if (!isRefusal(error) || this.#noted.has(error)) return;
    this.#noted.add(error);
    this.refused(asked, error.code);
  }

  /** Somebody was refused. `code`: absent if there was no reply to carry one. */
  refused(asked: Asked, code?: ErrorCode): void {
    const { outcome: _outcome, ...refusal } = this.#masker.deep(draftOf(asked));
    this.#refusals.note({ ...refusal, code });
  }

  /** Resolves when all refusals so far are stored, or cannot be. */
  async settled(): Promise<void> {
    this.#refusals.flush();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** As `settled`, at the end. */
  async close(): Promise<void> {
    this.#refusals.close();
    await this.settled();
  }

  async #ended(draft: AuditDraft, error: unknown, isStored: boolean): Promise<void> {
    // What has begun was allowed, so it has failed, whatever the reason.
    if (!isStored && isRefusal(error)) return this.noteRefusal(draft, error);
    if (error instanceof Error) this.#noted.add(error);
    const code = error instanceof ApiError ? error.code : "SERVICE_UNAVAILABLE";
    await this.#addSafely({ ...this.#masker.deep(draft), outcome: "failed", code });
  }

  #addLater(entry: AuditDraft): void {
    const adding = this.#addSafely(entry);
    this.#underWay.add(adding);
    void adding.then(() => this.#underWay.delete(adding));
  }

  /** Nothing was carried out, so nothing is taken back if this fails. */
  async #addSafely(entry: AuditDraft): Promise<void> {
    try {
      await this.log.add(entry);
    } catch (error) {
      log.error("The audit log could not take that {action} of {kind} {id} was {outcome}: {error}", {
        action: entry.action,
        outcome: entry.outcome,
        kind: entry.actor.kind,
        id: entry.actor.id ?? "",
        error,
      });
    }
  }
}

function draftOf({ actor, ip, action, target, details = {} }: Asked): AuditDraft {
  return { actor, ip, action, target, outcome: "ok", details: boundedDetails(details) };
}

function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && DENIED.includes(error.code);
}
