/**
 * Refusals on their way into the audit log. The first of each kind has an entry at once; more of the same client in the same
 * minute are summed up in one, so that nobody fills the log by being refused.
 */
import { type Clock, isoTime, type Timer } from "../clock/clock.ts";
import { type Actor, actorKey, ANONYMOUS } from "../domain/actor.ts";
import type { AuditDraft } from "../domain/audit/audit_entry.ts";
import type { ErrorCode } from "../domain/errors.ts";
import { networkOf } from "./networks.ts";

const MINUTE_MS = 60_000;
/** How many kinds of refusals of one client have an entry at once within a minute. */
const KINDS_MAX = 10;
/** How many clients are told apart within a minute. The others are summed up together. */
const CLIENTS_MAX = 1000;

export interface Refusal {
  actor: Actor;
  ip?: string;
  action: string;
  target?: string;
  code?: ErrorCode;
  details?: Record<string, unknown>;
}

/** The refusals of one client that have no entry of their own. */
interface Sum {
  actor: Actor;
  ip?: string;
  since_ms: number;
  /** By kind: those with an entry of their own included. */
  readonly kinds: Map<string, { action: string; code?: ErrorCode; count: number }>;
}

export class RefusalSums {
  readonly #clock: Clock;
  readonly #store: (entry: AuditDraft) => void;
  readonly #sums = new Map<string, Sum>();
  #timer: Timer | undefined;

  /** `store`: must not throw. */
  constructor(clock: Clock, store: (entry: AuditDraft) => void) {
    this.#clock = clock;
    this.#store = store;
  }

  note(refusal: Refusal): void {
    const { action, code } = refusal;
    this.#timer ??= this.#clock.after(MINUTE_MS, () => this.close());
    const { sum, isOwn } = this.#sumFor(refusal);
    const kind = `${action} ${code}`;
    const known = sum.kinds.get(kind);
    if (known) return void known.count++;
    if (isOwn && sum.kinds.size < KINDS_MAX) {
      sum.kinds.set(kind, { action, code, count: 0 });
      this.#store({ ...refusal, outcome: "denied", details: refusal.details ?? {} });
      return;
    }
    // Named by the commonest of the others: their number is bounded as well.
    const others = sum.kinds.get(OTHERS) ?? { action, code, count: 0 };
    others.count++;
    sum.kinds.set(OTHERS, others);
  }

  /** Stores what was summed up so far. */
  flush(): void {
    for (const sum of this.#sums.values()) {
      const kinds = [...sum.kinds.values()].filter(({ count }) => count > 0);
      if (kinds.length > 0) this.#store(this.#entryOf(sum, kinds));
      for (const kind of kinds) kind.count = 0;
      sum.since_ms = this.#clock.now();
    }
  }

  /** Stores what was summed up, and forgets everybody. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.flush();
    this.#sums.clear();
  }

  #sumFor({ actor, ip }: Refusal): { sum: Sum; isOwn: boolean } {
    const isAnonymous = actor.kind === "anonymous";
    const who = isAnonymous ? `ip ${networkOf(ip ?? "")}` : actorKey(actor);
    const isOwn = this.#sums.has(who) || this.#sums.size < CLIENTS_MAX;
    const key = isOwn ? who : OTHERS;
    let sum = this.#sums.get(key);
    if (!sum) {
      sum = { actor: isOwn ? actor : ANONYMOUS, since_ms: this.#clock.now(), kinds: new Map() };
      this.#sums.set(key, sum);
    }
    // The address that was refused last.
    if (isOwn) sum.ip = ip;
    return { sum, isOwn };
  }

  #entryOf(
    { actor, ip, since_ms }: Sum,
    kinds: { action: string; code?: ErrorCode; count: number }[],
  ): AuditDraft {
    const refused = kinds.sort((a, b) => b.count - a.count);
    const count = refused.reduce((sum, one) => sum + one.count, 0);
    const { action, code } = refused[0]!;
    const details = { count, since: isoTime(since_ms) };
    return {
      actor,
      ip,
      action,
      code,
      outcome: "denied",
      details: refused.length > 1 ? { ...details, refused: refused.map((one) => ({ ...one })) } : details,
    };
  }
}

const OTHERS = "others";
