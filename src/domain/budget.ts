/** Bounds on what tasks may use: their own, and those of a day. */
import type { TaskRecord } from "./task_record.ts";

/** The shares of a bound, in percent, that clients are told of. */
type Share = 80 | 100;

/** What is told when a budget has come to a share of its bound. */
export interface BudgetAlert {
  /** Whose budget: one task's, a project's for a day, or that of all tasks for a day. */
  scope: "task" | "project" | "server";
  percent: Share;
  unit: "usd" | "tokens";
  spent: number;
  bound: number;
  /** The task whose usage has come to it. */
  task: TaskRecord;
  project?: string;
  /** Of a day's budget: which day, and when it is over, as ISO 8601. */
  day?: string;
  until?: string;
}
