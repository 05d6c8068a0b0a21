/** How many unfinished tasks a tenant has, and how many it has started within the last minute. */
import type { Clock } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import { isFinished } from "../domain/task_values.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import type { RunContext } from "./run_context.ts";

const MINUTE_MS = 60_000;
/** When to look again whether tasks have ended. */
const RETRY_AFTER_SECONDS = 60;

export interface TenantRoomOptions {
  clock: Clock;
  store: Pick<RunContext["store"], "tasks">;
  settings: Pick<RunContext["settings"], "tenants">;
}

export class TenantRoom {
  readonly #options: TenantRoomOptions;
  /** The tasks that are being stored, by tenant. */
  readonly #coming = new Map<string, number>();
  /** When each tenant has started tasks within the last minute, on the monotonic clock. */
  readonly #started = new Map<string, number[]>();

  constructor(options: TenantRoomOptions) {
    this.#options = options;
  }

  /**
   * Keeps a place for a task until the returned function is called. Throws `RATE_LIMIT_EXCEEDED` if its tenant has no more. The
   * runs of schedules are not counted by the minute.
   */
  take(id: string, by: Actor): () => void {
    const tenant = tenantOf(id);
    const { max_tasks, tasks_per_minute } = this.#options.settings.tenants?.[tenant] ?? {};
    if (max_tasks !== undefined) this.#requirePlace(tenant, max_tasks);
    if (tasks_per_minute !== undefined && by.kind !== "schedule") this.#requirePace(tenant, tasks_per_minute);
    return this.#keep(tenant);
  }

  /**
   * Keeps a place for a finished task that is to go on, as `take` does for a new one. Tasks that wait for it again are not counted:
   * they have been accepted before.
   */
  takeAgain(id: string): () => void {
    const tenant = tenantOf(id);
    const { max_tasks } = this.#options.settings.tenants?.[tenant] ?? {};
    if (max_tasks !== undefined) this.#requirePlace(tenant, max_tasks);
    return this.#keep(tenant);
  }

  #keep(tenant: string): () => void {
    this.#coming.set(tenant, (this.#coming.get(tenant) ?? 0) + 1);
    return () => {
      const left = (this.#coming.get(tenant) ?? 1) - 1;
      if (left > 0) this.#coming.set(tenant, left);
      else this.#coming.delete(tenant);
    };
  }

  #requirePlace(tenant: string, most: number): void {
    let unfinished = this.#coming.get(tenant) ?? 0;
    for (const { id, state } of this.#options.store.tasks.values()) {
      if (tenantOf(id) === tenant && !isFinished(state.status)) unfinished++;
    }
    if (unfinished < most) return;
    throw new ApiError("RATE_LIMIT_EXCEEDED", `The tenant has ${most} unfinished tasks, as many as it may`, {
      limit: "tenant_max_tasks",
      current_limit: most,
      current: unfinished,
      retry_after_seconds: RETRY_AFTER_SECONDS,
    });
  }

  #requirePace(tenant: string, most: number): void {
    const now_ms = this.#options.clock.monotonic();
    const started = (this.#started.get(tenant) ?? []).filter((at_ms) => at_ms > now_ms - MINUTE_MS);
    this.#started.set(tenant, started);
    if (started.length < most) return void started.push(now_ms);
    throw new ApiError(
      "RATE_LIMIT_EXCEEDED",
      `The tenant has started ${most} tasks within a minute, as many as it may`,
      {
        limit: "tenant_tasks_per_minute",
        current_limit: most,
        time_window_seconds: MINUTE_MS / 1000,
        retry_after_seconds: Math.max(1, Math.ceil((started[0]! + MINUTE_MS - now_ms) / 1000)),
      },
    );
  }
}
