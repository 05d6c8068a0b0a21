/** Checks of the work of some tasks: programs that pass, fail or never end, and that outlive a server which crashes. */
import type { RunCheck } from "../../src/domain/check.ts";
import type { Random } from "./random.ts";
import type { OwnedClock, SimTime } from "./sim_time.ts";

export interface CheckFaults {
  /** Probabilities for each check. */
  fails: number;
  hangs: number;
}

/** What the checks of each task are, where it has some. */
export const SIMULATED_CHECKS = [["lint"], ["test"]];

/** A life of the server. */
interface Owner {
  isDead: boolean;
  readonly clock: OwnedClock;
}

interface Check {
  task_id: string;
  owner: Owner;
  end(exit_code: number | undefined): void;
}

export class SimChecks {
  readonly running = new Set<Check>();
  readonly #time: SimTime;
  readonly #random: Random;
  readonly #faults: CheckFaults | undefined;
  #count = 0;
  /** `isFirst`: of the round. */
  onStart: (task_id: string, isFirst: boolean) => void = () => {};
  onEnd: (task_id: string, exit_code: number | undefined) => void = () => {};

  constructor(time: SimTime, random: Random, faults: CheckFaults | undefined) {
    this.#time = time;
    this.#random = random;
    this.#faults = faults;
  }

  /** Urgent tasks have checks, in histories that have any. */
  isChecked(spec: object): boolean {
    return this.#faults !== undefined && "priority" in spec && spec.priority === "high";
  }

  runner(owner: Owner): RunCheck {
    return ({ task_id, program, signal }) => {
      this.onStart(task_id, program[0] === SIMULATED_CHECKS[0]![0]);
      const { fails, hangs } = this.#faults!;
      const random = this.#random;
      const number = ++this.#count;
      const clock = this.#time.clock();
      const { promise, resolve } = Promise.withResolvers<{ exit_code?: number; output: string }>();
      const check: Check = {
        task_id,
        owner,
        end: (exit_code) => {
          if (!this.running.delete(check)) return;
          clock.die();
          this.onEnd(task_id, exit_code);
          if (!owner.isDead) owner.clock.whenAwake(() => resolve({ exit_code, output: `output ${number}` }));
        },
      };
      this.running.add(check);
      const exit_code = random.chance(fails) ? 1 : 0;
      const takes_ms = random.between(0, 8_000);
      if (!random.chance(hangs)) clock.after(takes_ms, () => check.end(exit_code));
      const stop = () => clock.after(random.between(0, 2_500), () => check.end(undefined));
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      return promise;
    };
  }

  /** By the reaper, or by a later life. */
  kill(which: (owner: Owner) => boolean): void {
    for (const check of this.running) if (which(check.owner)) check.end(undefined);
  }
}
