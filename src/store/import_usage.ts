/**
 * What an import takes of usage, so that nothing counts twice. The sums of a day do not say of which tasks they are: where the
 * export and the store may have tasks in common, a day counts from one of them alone.
 */
import type { TaskState } from "../domain/task_record.ts";
import { mergedRows, type UsageRow } from "../domain/usage_rollup.ts";
import { entriesOf } from "../domain/task_usage.ts";
import { knownIds } from "./identity.ts";
import type { KeyValue } from "./kv/kv.ts";
import type { Store } from "./open.ts";
import type { UsageDay } from "./usage_days.ts";

export class UsageTakings {
  /** The days of which the store had sums, and those on which its tasks had used something. */
  readonly #summed: ReadonlySet<string>;
  readonly #worked: ReadonlySet<string>;
  readonly #areKin: boolean;

  private constructor(summed: ReadonlySet<string>, worked: ReadonlySet<string>, areKin: boolean) {
    this.#summed = summed;
    this.#worked = worked;
    this.#areKin = areKin;
  }

  /** @param ids of all stores whose data may be in the export; empty if it does not say */
  static async open(store: Store, kv: KeyValue, ids: readonly string[]): Promise<UsageTakings> {
    const own = new Set(await knownIds(kv));
    const summed = new Set<string>();
    for await (const { day } of store.usage.list()) summed.add(day);
    const worked = [...store.tasks.values()].flatMap(({ state }) => entriesOf(state).map(({ day }) => day));
    return new UsageTakings(summed, new Set(worked), ids.length === 0 || ids.some((id) => own.has(id)));
  }

  /** The state of a task that the store does not have, without what may be in its sums: it may have had the task, and removed it. */
  ofTask(state: TaskState): TaskState {
    const mayBeSummed = ({ day }: { day: string }) => this.#areKin && this.#summed.has(day);
    if (!entriesOf(state).some(mayBeSummed)) return state;
    const used = state.used?.filter((entry) => !mayBeSummed(entry));
    const turn_used = state.turn_used && mayBeSummed(state.turn_used) ? undefined : state.turn_used;
    return { ...state, used, turn_used };
  }

  /** The rows that the store has of the day afterwards; undefined: those that it has now. */
  ofDay(day: string, { rows }: UsageDay, others: readonly UsageRow[]): readonly UsageRow[] | undefined {
    if (!this.#areKin) return mergedRows(rows, others);
    return this.#summed.has(day) || this.#worked.has(day) ? undefined : others;
  }
}
