/** Removes what is too old from the audit log, and what is too much. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../clock/clock.ts";
import { counted } from "../protocol/formats.ts";
import type { AuditBounds, AuditLog } from "../store/audit/audit_log.ts";

const log = getLogger(["opencode-agents", "security"]);

/** Each removal leaves an entry, so the age is looked at once a day. */
const AGE_EVERY_MS = 86_400_000;
const SIZE_EVERY_MS = 60_000;

export class AuditRetention {
  readonly #log: Pick<AuditLog, "prune">;
  readonly #clock: Clock;
  readonly #bounds: AuditBounds;
  #timer: Timer | undefined;
  #pruning: Promise<void> | undefined;
  #age_due_ms = -Infinity;

  constructor(log: Pick<AuditLog, "prune">, clock: Clock, bounds: AuditBounds) {
    this.#log = log;
    this.#clock = clock;
    this.#bounds = bounds;
  }

  start(): void {
    this.#timer = this.#clock.every(SIZE_EVERY_MS, () => this.#prune());
    this.#prune();
  }

  /** Resolves when no removal is under way. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#pruning;
  }

  #prune(): void {
    this.#pruning ??= this.#pruneNow().finally(() => this.#pruning = undefined);
  }

  async #pruneNow(): Promise<void> {
    const now_ms = this.#clock.monotonic();
    const isAgeDue = now_ms >= this.#age_due_ms;
    const { retention_ms, max_bytes } = this.#bounds;
    try {
      const removed = await this.#log.prune({ retention_ms: isAgeDue ? retention_ms : Infinity, max_bytes });
      if (isAgeDue) this.#age_due_ms = now_ms + AGE_EVERY_MS;
      if (removed > 0) {
        log.info("Removed {what} from the audit log", { what: counted(removed, "entry", "entries") });
      }
    } catch (error) {
      log.error("The audit log could not be pruned, trying again: {error}", { error });
    }
  }
}
