/**
 * Something that somebody asked for, and its entry in the audit log. The first commit that is made for it takes the entry
 * along, so that neither is stored without the other. What acts outside the store has the entry stored before.
 */
import type { AsyncLocalStorage } from "node:async_hooks";
import { ApiError } from "../../domain/errors.ts";
import type { Actor } from "../../domain/actor.ts";
import type { AuditDraft } from "../../domain/audit/audit_entry.ts";
import type { GroupCommit } from "../group_commit.ts";

/** What is found out about an action while it is carried out. */
export type Learned = Partial<Pick<AuditDraft, "actor" | "target" | "details">>;

/** An entry on its way with a commit. */
export interface Riding {
  entry: AuditDraft;
  /** undefined: it is not known whether it was stored. */
  ended(isStored: boolean | undefined): void;
}

export class AuditedAction {
  readonly #commits: GroupCommit;
  readonly #draft: AuditDraft;
  readonly #masked: (draft: AuditDraft) => AuditDraft;
  #state: "open" | "riding" | "stored" | "over" = "open";
  #ride: Promise<void> | undefined;

  /** `draft`: its outcome is the one that it will have if nothing goes wrong. `masked`: the entry without secrets. */
  constructor(commits: GroupCommit, draft: AuditDraft, masked: (draft: AuditDraft) => AuditDraft) {
    this.#commits = commits;
    this.#draft = draft;
    this.#masked = masked;
  }

  /** Whether its entry is in the store. */
  get isStored(): boolean {
    return this.#state === "stored";
  }

  /** What its entry says, or would say if it were stored now. */
  get draft(): AuditDraft {
    return this.#draft;
  }

  /** The entry, for a commit that changes this record for this actor; undefined if another commit has it. */
  ride(commits: GroupCommit, id: string | undefined, by: Actor): Riding | undefined {
    if (this.#state !== "open" || commits !== this.#commits || by.kind === "server") return undefined;
    this.#state = "riding";
    const over = Promise.withResolvers<void>();
    this.#ride = over.promise;
    const target = this.#draft.target ?? id;
    return {
      entry: this.#masked({ ...this.#draft, target }),
      ended: (isStored) => {
        this.#draft.target = target;
        // If nobody knows, the end of the action will say more.
        this.#state = isStored ? "stored" : "open";
        over.resolve();
      },
    };
  }

  /**
   * Stores the entry, unless it is stored. To be called before what cannot be undone and is no commit. Rejects if it cannot be
   * stored: then the action must not be carried out.
   */
  async record(learned: Learned = {}): Promise<void> {
    while (this.#state === "riding") await this.#ride;
    if (this.#state !== "open") return;
    this.describe(learned);
    const riding = this.ride(this.#commits, undefined, this.#draft.actor);
    if (!riding) return;
    let isStored: boolean | undefined;
    try {
      isStored = (await this.#commits.commit({}, [], riding.entry)).ok;
      if (!isStored) throw new ApiError("DATABASE_ERROR", "The audit log does not take the entry");
    } finally {
      riding.ended(isStored);
    }
  }

  /** What its entry is to say, if that is not stored yet. */
  describe(learned: Learned): void {
    if (this.#state === "open") Object.assign(this.#draft, learned);
  }

  /** From now on nothing that is still done in its name takes the entry. */
  close(): void {
    this.#state = "over";
  }
}

/** Of this process; each action knows the store that it belongs to. Loaded with the first audit log. */
let underWay: AsyncLocalStorage<AuditedAction> | undefined;

/** To be called before the first action. */
export async function trackActions(): Promise<void> {
  if (underWay) return;
  const { AsyncLocalStorage } = await import("node:async_hooks");
  underWay ??= new AsyncLocalStorage();
}

/** Calls `work`, and whatever that calls later belongs to the action. */
export function asAction<T>(action: AuditedAction, work: () => T): T {
  return underWay!.run(action, work);
}

/** The action in whose name the caller works. */
export function actionUnderWay(): AuditedAction | undefined {
  return underWay?.getStore();
}

/**
 * Stores the entry of the action that is under way, if the audit log is kept. To be called before what cannot be undone and
 * is no commit of its actor. Rejects if the entry cannot be stored: then the action must not be carried out.
 */
export async function recordAction(learned?: Learned): Promise<void> {
  await actionUnderWay()?.record(learned);
}

/** Says more about the action that is under way, if the audit log is kept. */
export function describeAction(learned: Learned): void {
  actionUnderWay()?.describe(learned);
}
