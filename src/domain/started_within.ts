/** The projects to which the agent of a task is bound, because the key that started it is. */
import type { KeySpec } from "./access_key.ts";
import type { Actor } from "./actor.ts";
import { ancestorsOf } from "./delegation.ts";
import type { ScheduleRecord } from "./schedule.ts";
import type { TaskRecord } from "./task_record.ts";

export interface Origins {
  task(id: string): TaskRecord | undefined;
  schedule(id: string): Pick<ScheduleRecord, "spec"> | undefined;
  key(id: string): { spec: Pick<KeySpec, "projects"> } | undefined;
  projectOf(task: TaskRecord): string | undefined;
}

/**
 * The only projects that the agent of this task may see; undefined for all. Those of the key that asked for the task, for the
 * schedule that it is a run of, or for the task whose agent has started it. If that is not known any more, the task's own
 * project is all that is left.
 */
export function startedWithin(task_id: string, origins: Origins): readonly string[] | undefined {
  const task = origins.task(task_id);
  if (task === undefined) return [];
  const first = ancestorsOf(task, origins.task).at(-1) ?? task;
  const asked = whoAsked(first, origins);
  if (asked === undefined || asked.kind === "agent") return own(task, origins);
  if (asked.kind !== "key") return undefined;
  const key = origins.key(asked.id!);
  return key === undefined ? own(task, origins) : key.spec.projects;
}

/** Whoever is behind a task or its schedule; undefined if that is gone. */
function whoAsked({ spec }: TaskRecord, origins: Origins): Actor | undefined {
  // Earlier versions did not note who asked, and had no keys for some projects.
  const { created_by = EARLIER } = spec;
  if (created_by.kind === "agent") return undefined; // The task of that agent is gone.
  if (created_by.kind !== "schedule") return created_by;
  const schedule = origins.schedule(created_by.id!);
  return schedule && (schedule.spec.created_by ?? EARLIER);
}

const EARLIER: Actor = { kind: "server", tenant: "default" };

function own(task: TaskRecord, { projectOf }: Origins): readonly string[] {
  const project = projectOf(task);
  return project === undefined ? [] : [project];
}
