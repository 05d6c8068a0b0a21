/** What is promised of checks, plainly: nothing is completed that did not pass them, and they run once at a time. */
import type { TaskState } from "../../src/domain/task_record.ts";
import { type SimChecks, SIMULATED_CHECKS } from "./sim_checks.ts";

const ROUNDS = 2;
const COMPLAINT = /^(A check|Checks) of your work failed/;

interface Checked {
  /** How the checks ended that ran last, since the agent was last told something. */
  ended: (number | undefined)[];
  /** How often it was told of failed ones, since somebody wrote to it or retried it. */
  complaints: number;
}

export class CheckModel {
  readonly #checks: SimChecks[] = [];
  readonly #fail: (message: string) => void;
  readonly #tasks = new Map<string, Checked>();

  constructor(fail: (message: string) => void) {
    this.#fail = fail;
  }

  /** Those of a machine. */
  watch(checks: SimChecks): void {
    this.#checks.push(checks);
    checks.onStart = (id, isFirst) => this.#starts(id, isFirst);
    checks.onEnd = (id, exit_code) => void this.#of(id).ended.push(exit_code);
  }

  #of(id: string): Checked {
    let one = this.#tasks.get(id);
    if (!one) this.#tasks.set(id, one = { ended: [], complaints: 0 });
    return one;
  }

  #starts(id: string, isFirst: boolean): void {
    if (this.isRunning(id)) this.#fail(`task ${id}: two of its checks run at once`);
    // An earlier round may have been given up at any check.
    if (isFirst) this.#of(id).ended = [];
  }

  isRunning(id: string): boolean {
    return this.#checks.some(({ running }) => [...running].some(({ task_id }) => task_id === id));
  }

  /** An agent is told something. */
  told(id: string, text: string): void {
    const checked = this.#of(id);
    checked.ended = [];
    if (!COMPLAINT.test(text)) return;
    if (++checked.complaints > ROUNDS) this.#fail(`task ${id}: failed checks go back for ever`);
  }

  changed(id: string, before: TaskState | undefined, after: TaskState, isChecked: boolean): void {
    const checked = this.#of(id);
    if (after.check_rounds === undefined) checked.complaints = 0;
    // An attempt runs them all again.
    if (before?.attempt !== after.attempt) checked.ended = [];
    if (!isChecked || before?.lease === undefined || after.lease !== undefined) return;
    const { ended } = checked;
    const passes = ended.length === SIMULATED_CHECKS.length && ended.every((code) => code === 0);
    if (after.status === "completed" && !passes) {
      this.#fail(`task ${id} is completed although its checks ended with [${ended}]`);
    }
    const { failure } = after.attempts.at(-1) ?? {};
    if (after.status === "failed" && failure?.kind === "check_failed" && passes) {
      this.#fail(`task ${id} fails although its checks have passed`);
    }
  }
}
