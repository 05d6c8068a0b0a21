/** What must hold of the audit log: a new task and its entry are one commit, and what was acknowledged has an entry. */
import { isAudited } from "../../src/api/audited_request.ts";
import { ChainCheck } from "../../src/domain/audit/audit_chain.ts";
import type { AuditEntry } from "../../src/domain/audit/audit_entry.ts";
import type { Commit } from "../../src/store/kv/kv.ts";

/** The actions by which tasks come to be. */
const MAKING = ["start_task", "schedule_task", "run_schedule"];

export class AuditModel {
  readonly #fail: (what: string) => void;
  readonly #chain = new ChainCheck();
  /** How many entries say that this was done to that. */
  readonly #done = new Map<string, number>();
  readonly #acknowledged = new Map<string, number>();
  entries = 0;

  constructor(fail: (what: string) => void) {
    this.#fail = fail;
  }

  committed({ checks = [], sets = [] }: Commit): void {
    const entries = sets.filter(({ key }) => key[0] === "audit")
      .flatMap(({ value }) => new TextDecoder().decode(value).split("\n"))
      .map((line) => JSON.parse(line) as AuditEntry);
    for (const entry of entries) {
      this.entries++;
      this.#chain.add(entry);
      if (entry.outcome === "ok") count(this.#done, thing(entry.action, entry.target));
    }
    if (!this.#chain.isInOrder) this.#fail(`the audit log is not in order: ${this.#chain.verdict().problem}`);
    for (const { key, versionstamp } of checks) {
      if (key[0] !== "task" || versionstamp !== null || !sets.some((set) => set.key[2] === key[2])) continue;
      const isMade = entries.some(({ action, target }) => MAKING.includes(action) && target === key[2]);
      // The entry of a schedule that is run by hand is about the schedule.
      const isByHand = entries.some(({ action, target }) =>
        action === "run_schedule" && String(key[2]).startsWith(`${target}_run_`)
      );
      if (!isMade && !isByHand) this.#fail(`task ${key[2]} was stored without its entry in the audit log`);
    }
  }

  /** A client was told that this was done. */
  acknowledged(type: string, target: unknown): void {
    if (!isAudited(type)) return;
    const what = thing(type, target);
    count(this.#acknowledged, what);
    const [done = 0, told = 0] = [this.#done.get(what), this.#acknowledged.get(what)];
    if (done < told) {
      this.#fail(`'${what}' was acknowledged ${told} times, and the audit log has ${done} entries`);
    }
  }
}

const thing = (action: string, target: unknown) => `${action} ${target}`;

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
