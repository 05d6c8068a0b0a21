/**
 * What tasks may cost: their own bounds, and those of a day. Follows the committed changes, tells when a share of a bound has
 * been reached, and ends what has come to its bound.
 */
import { type Clock, isoTime, type Timer } from "../clock/clock.ts";
import { isSpent, type Share, shareOf, tightestOf, withShareTold } from "../domain/budget.ts";
import { DEFAULT_TENANT } from "../domain/tenant_id.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import { ancestorsOf, parentOf } from "../domain/delegation.ts";
import { holdsSlot, type TaskRecord } from "../domain/task_record.ts";
import { entriesOf } from "../domain/task_usage.ts";
import { isFinished } from "../domain/task_values.ts";
import { dayAt, midnightAfter, midnightBefore } from "../domain/time_zones.ts";
import { rounded } from "../domain/usage_sums.ts";
import type { RunContext } from "./run_context.ts";

/** A changed wall clock is noticed within this time. */
const CLOCK_CHECK_MS = 60_000;
const ALL = "budget";

export interface BudgetsOptions extends Pick<RunContext, "index" | "bus"> {
  clock: Clock;
  settings: Pick<
    RunContext["settings"],
    "timezone" | "budget_usd_per_day" | "projectOf" | "projects" | "tenants"
  >;
  /** Ends the turn of a running task, through the protocol. */
  end(task_id: string): void;
  /** Stores that a share of a task's bound has been reached by what was started below it. */
  tellShare(task_id: string): void;
  /** To be called with the names of what has room now. */
  wake(held_by: string): void;
}

/** A budget for a day: of all tasks, or of those of a project or a tenant. */
interface DayBudget {
  key: string;
  scope: "server" | "project" | "tenant";
  project?: string;
  bound: number;
  spent: number;
  told?: Share;
}

export interface BudgetHold {
  held_by: string;
  /** Of a day: when it is over, in epoch milliseconds. */
  until_ms?: number;
}

export class Budgets {
  readonly #options: BudgetsOptions;
  readonly #budgets = new Map<string, DayBudget>();
  /** What of each task's cost is in them: the index may know more than has been noted. */
  readonly #counted = new Map<string, number>();
  #day = "";
  #since_ms = Infinity;
  #until_ms = -Infinity;
  #alarm: Timer | undefined;
  #closed = false;

  constructor(options: BudgetsOptions) {
    this.#options = options;
  }

  /** The day that counts now. */
  get day(): string {
    this.#turnOver();
    return this.#day;
  }

  /** Takes over what an earlier server has counted. `removed`: what tasks that are gone have cost today. */
  load(removed: Iterable<{ project?: string; tenant?: string; cost_usd: number }>): void {
    this.#turnOver();
    for (const { project, tenant, cost_usd } of removed) {
      for (const budget of this.#budgetsOf(project, tenant)) spend(budget, cost_usd);
    }
    // What was told is not told again.
    for (const budget of this.#budgets.values()) budget.told = shareOf(budget);
  }

  close(): void {
    this.#closed = true;
    this.#alarm?.cancel();
  }

  /** What keeps a queued task from starting: the budget of a task above it, or one of the day until midnight. */
  holdOf(task: TaskRecord): BudgetHold | undefined {
    const spent = this.#above(task).find((above) => this.#isSpent(above));
    if (spent) return { held_by: keyOf(spent) };
    if (!this.#hasAny(task)) return undefined;
    this.#turnOver();
    const budget = this.#of(task).find(({ spent, bound }) => spent >= bound);
    return budget && { held_by: budget.key, until_ms: this.#until_ms };
  }

  /** The task's project and its tenant, as far as they have budgets of their own: the same for tasks that share these. */
  sharedBy(task: Pick<TaskRecord, "id" | "spec">): string | undefined {
    const { projectOf, tenants = {} } = this.#options.settings;
    const project = projectOf(task);
    const own = project?.budget_usd_per_day === undefined ? undefined : project.name;
    const tenant = tenantOf(task.id);
    const theirs = tenants[tenant]?.budget_usd_per_day === undefined ? undefined : tenant;
    return theirs === undefined ? own : `${own ?? ""} of ${theirs}`;
  }

  /** To be called with each committed change, in order. A task that is removed has still cost what it has. */
  note(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    this.#wakeBelow(before, after);
    if (!after && before) this.#counted.delete(before.id);
    if (!after || (before && isSameUsage(before, after))) return;
    this.#tellOwn(before, after);
    if (this.#hasAny(after)) this.#noteDay(after);
    this.#noteAbove(after);
    if (holdsSlot(after.state) && (this.#isSpent(after) || this.holdOf(after))) this.#options.end(after.id);
  }

  // ---- tasks above

  /** The tasks whose bounds the task's use counts against. One that is over bounds nobody. */
  #above(task: TaskRecord): TaskRecord[] {
    if (parentOf(task) === undefined) return [];
    return ancestorsOf(task, this.#options.index.find).filter(({ state }) => !isFinished(state.status));
  }

  #isSpent(task: TaskRecord): boolean {
    return isSpent(task, this.#options.index.usedBelow(task.id));
  }

  /** What the task has used may bring those above it to their bounds, and with them all others below. */
  #noteAbove(task: TaskRecord): void {
    const { index, end, tellShare } = this.#options;
    for (const above of this.#above(task)) {
      const share = withShareTold(above, index.usedBelow(above.id));
      if (share !== above.state) tellShare(above.id);
      if (!this.#isSpent(above)) continue;
      for (const one of index.all()) {
        const isBelow = one.id === above.id || this.#above(one).some(({ id }) => id === above.id);
        if (holdsSlot(one.state) && isBelow) end(one.id);
      }
    }
  }

  /** Those below a task may go on when its bound is raised, or when it is over. */
  #wakeBelow(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    if (before === undefined || boundsOf(before).every((bound) => bound === undefined)) return;
    const isOver = (task?: TaskRecord) => task === undefined || isFinished(task.state.status);
    const isRaised = after !== undefined && boundsOf(after).some((bound, i) => bound !== boundsOf(before)[i]);
    if (isRaised || (isOver(after) && !isOver(before))) this.#options.wake(keyOf(before));
  }

  #tellOwn(before: TaskRecord | undefined, after: TaskRecord): void {
    const percent = after.state.budget_told;
    const tightest = percent === undefined || percent === before?.state.budget_told
      ? undefined
      : tightestOf(after, this.#options.index.usedBelow(after.id));
    if (!before || percent === undefined || !tightest) return;
    this.#options.bus.publish({
      kind: "budget.reached",
      budget: { scope: "task", percent, ...tightest, task: after },
    });
  }

  #noteDay(after: TaskRecord): void {
    this.#turnOver();
    this.#count(after);
    for (const budget of this.#of(after)) {
      const share = shareOf(budget);
      if (share === undefined || share <= (budget.told ?? 0)) continue;
      budget.told = share;
      this.#tellDay(budget, share, after);
      if (share === 100) this.#endAll(budget);
    }
  }

  #count(task: TaskRecord): void {
    const cost = costOn(this.#day, task);
    const more = cost - (this.#counted.get(task.id) ?? 0);
    if (more === 0) return;
    this.#counted.set(task.id, cost);
    for (const budget of this.#of(task)) spend(budget, more);
  }

  #tellDay({ scope, project, bound, spent }: DayBudget, percent: Share, task: TaskRecord): void {
    this.#options.bus.publish({
      kind: "budget.reached",
      budget: {
        scope,
        percent,
        unit: "usd",
        spent,
        bound,
        task,
        project,
        day: this.#day,
        until: isoTime(this.#until_ms),
      },
    });
  }

  #endAll(budget: DayBudget): void {
    for (const task of this.#options.index.all()) {
      if (holdsSlot(task.state) && this.#of(task).includes(budget)) this.#options.end(task.id);
    }
  }

  // ---- the day

  /** Begins a new day, if one has begun. Its sums are counted anew. */
  #turnOver(): void {
    const { clock, settings, index } = this.#options;
    const now = clock.now();
    if (now >= this.#since_ms && now < this.#until_ms) return;
    this.#day = dayAt(now, settings.timezone);
    this.#since_ms = midnightBefore(now, settings.timezone);
    this.#until_ms = midnightAfter(now, settings.timezone);
    const old = [...this.#budgets.keys()];
    this.#budgets.clear();
    this.#counted.clear();
    for (const task of index.all()) this.#count(task);
    for (const key of old) this.#options.wake(key);
    this.#setAlarm();
  }

  #setAlarm(): void {
    this.#alarm?.cancel();
    if (this.#closed || this.#budgets.size === 0) return;
    const { clock } = this.#options;
    const delay_ms = Math.min(CLOCK_CHECK_MS, Math.max(0, this.#until_ms - clock.now()));
    this.#alarm = clock.after(delay_ms, () => {
      this.#turnOver();
      this.#setAlarm();
    });
  }

  // ---- whose budgets

  #hasAny(task: TaskRecord): boolean {
    return this.#options.settings.budget_usd_per_day !== undefined || this.sharedBy(task) !== undefined;
  }

  #of(task: TaskRecord): DayBudget[] {
    return this.#budgetsOf(this.#options.settings.projectOf(task)?.name, tenantOf(task.id));
  }

  #budgetsOf(project: string | undefined, tenant = DEFAULT_TENANT): DayBudget[] {
    const { budget_usd_per_day, projects, tenants = {} } = this.#options.settings;
    const own = project === undefined ? undefined : projects()[project]?.budget_usd_per_day;
    const budgets: DayBudget[] = [];
    const theirs = tenants[tenant]?.budget_usd_per_day;
    if (budget_usd_per_day !== undefined) budgets.push(this.#budget("server", ALL, budget_usd_per_day));
    if (own !== undefined) budgets.push(this.#budget("project", `${ALL} ${project}`, own, project));
    if (theirs !== undefined) budgets.push(this.#budget("tenant", `${ALL} of ${tenant}`, theirs));
    return budgets;
  }

  #budget(scope: DayBudget["scope"], key: string, bound: number, project?: string): DayBudget {
    let budget = this.#budgets.get(key);
    if (!budget) {
      this.#budgets.set(key, budget = { key, scope, project, bound, spent: 0 });
      this.#setAlarm();
    }
    return budget;
  }
}

function spend(budget: DayBudget, usd: number): void {
  budget.spent = rounded(budget.spent + usd);
}

function keyOf({ id }: TaskRecord): string {
  return `${ALL} of task ${id}`;
}

function boundsOf({ spec: { execution = {} } }: TaskRecord): (number | undefined)[] {
  return [execution.max_cost_usd, execution.max_tokens];
}

function isSameUsage({ state: a }: TaskRecord, { state: b, spec }: TaskRecord): boolean {
  const isSame = a.used === b.used && a.turn_used === b.turn_used && a.budget_told === b.budget_told;
  // One that has just begun may have come to its bound already.
  return isSame && (a.status === b.status || spec.execution === undefined);
}

function costOn(day: string, { state }: TaskRecord): number {
  if (state.used === undefined && state.turn_used === undefined) return 0;
  let cost = 0;
  for (const entry of entriesOf(state)) if (entry.day === day) cost += entry.cost_usd;
  return cost;
}
