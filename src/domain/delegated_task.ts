/**
 * A task that the agent of another one starts. It bears the name of that one, gets its folder and its permissions, and never
 * more than it has.
 */
import { ancestorsOf, DELEGATION_DEPTH_MAX } from "./delegation.ts";
import { ApiError } from "./errors.ts";
import { fieldProblem } from "./field_problem.ts";
import type { NewTask, PermissionPolicy } from "./task.ts";
import { executionOf, holdsSlot, type TaskRecord } from "./task_record.ts";

type Find = (id: string) => TaskRecord | undefined;

export interface Lineage {
  parent_task: string;
  delegation_depth: number;
}

export interface DelegationRules {
  /** The policy of tasks that name none. */
  permissions: PermissionPolicy;
  /** Whether the agent that runs the task, or would run it, can be held to a policy. */
  canHold(task: Pick<TaskRecord["spec"], "type" | "execution">): boolean;
  find: Find;
}

/**
 * The task as it is stored when the agent of `parent` asks for it. Throws `INVALID_FIELD_VALUE` below too many others or
 * for a task that would wait for its own parent, and `PERMISSION_DENIED` for what the parent does not have, or once it is over.
 */
export function delegated(requested: NewTask, parent: TaskRecord, rules: DelegationRules): NewTask {
  const { execution = {} } = requested;
  refuseOfEnded(parent);
  const theirs = executionOf(parent);
  const permissions = theirs.permissions ?? rules.permissions;
  const above = [parent, ...ancestorsOf(parent, rules.find)];
  const lineage = lineageBelow({ id: parent.id, metadata: parent.spec.metadata }, above.length);
  refuseWaitingFor(above, requested.dependencies ?? [], rules.find);
  refuseMore(requested, parent, permissions, rules);
  return {
    ...requested,
    metadata: { ...requested.metadata, ...lineage },
    execution: {
      ...execution,
      working_dir: execution.working_dir ?? theirs.working_dir,
      permissions: execution.permissions ?? permissions,
    },
  };
}

/** The agent of a cancelled task may still be ending: nothing of it would be awaited or ended with it. */
function refuseOfEnded({ id, state }: TaskRecord): void {
  if (holdsSlot(state)) return;
  throw new ApiError(
    "PERMISSION_DENIED",
    `Task '${id}' is ${state.status}: its agent may not start tasks any more`,
    { task_id: id, current_status: state.status },
  );
}

/**
 * What the metadata of a task says about its origin. `known_depth`: how many tasks are known to be above. Throws
 * `INVALID_FIELD_VALUE` if there would be too many.
 */
export function lineageBelow({ id, metadata }: Pick<NewTask, "id" | "metadata">, known_depth = 1): Lineage {
  const noted = metadata?.delegation_depth;
  // A part of the chain may have been removed.
  const delegation_depth = Math.max(
    known_depth,
    typeof noted === "number" && noted > 0 ? Math.floor(noted) + 1 : 1,
  );
  if (delegation_depth <= DELEGATION_DEPTH_MAX) return { parent_task: id, delegation_depth };
  throw new ApiError(
    "INVALID_FIELD_VALUE",
    `Task '${id}' is itself ${DELEGATION_DEPTH_MAX} delegations deep and may not delegate further: do the work yourself`,
    {
      field: "metadata.delegation_depth",
      value: delegation_depth,
      expected: `at most ${DELEGATION_DEPTH_MAX}`,
    },
  );
}

/** Neither could end if a task waited for one that waits for it. */
function refuseWaitingFor(above: readonly TaskRecord[], dependencies: readonly string[], find: Find): void {
  const ids = new Set(above.map(({ id }) => id));
  const seen = new Set<string>();
  const todo = dependencies.map((id) => ({ id, of: id }));
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { id, of } = next;
    if (ids.has(id)) {
      throw fieldProblem(
        "INVALID_FIELD_VALUE",
        "task.dependencies",
        of,
        "tasks that do not wait for the calling task",
        `A task that '${above[0]!.id}' starts cannot wait for '${of}', since it would wait for the caller`,
      );
    }
    if (seen.has(id)) continue;
    seen.add(id);
    for (const further of find(id)?.spec.dependencies ?? []) todo.push({ id: further, of });
  }
}

/** From the strictest to the freest. */
const FREEDOM: readonly PermissionPolicy[] = ["deny", "ask", "allow"];

function refuseMore(
  { type, execution = {} }: NewTask,
  parent: TaskRecord,
  permissions: PermissionPolicy,
  { canHold }: DelegationRules,
): void {
  const { permissions: wanted = permissions, env, mcp_servers = [] } = execution;
  if (FREEDOM.indexOf(wanted) > FREEDOM.indexOf(permissions)) {
    throw denied(parent, "permissions", `permissions: "${wanted}", since its own are "${permissions}"`);
  }
  // Such an agent can run whatever it likes already.
  if (permissions === "allow" || !canHold(parent.spec)) return;
  if (env !== undefined) throw denied(parent, "env", "variables, which can make a program run another");
  if (mcp_servers.some(({ command }) => command !== undefined)) {
    throw denied(parent, "mcp_servers", "commands, which run unasked");
  }
  if (!canHold({ type, execution })) {
    const whom = execution.agent === undefined ? "the usual agent" : `agent '${execution.agent}'`;
    throw denied(parent, "agent", `work to ${whom}, which cannot be held to permissions: "${permissions}"`);
  }
}

function denied({ id }: TaskRecord, field: string, what: string): ApiError {
  return new ApiError("PERMISSION_DENIED", `The agent of task '${id}' may not give ${what}`, {
    field: `task.execution.${field}`,
    parent_task: id,
  });
}
