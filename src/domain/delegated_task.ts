/**
 * A task that the agent of another one starts. It bears the name of that one, gets its folder and its permissions, and never
 * more than it has.
 */
import { isAbsolute, join, relative } from "node:path";
import { ancestorsOf, DELEGATION_DEPTH_MAX } from "./delegation.ts";
import { ApiError } from "./errors.ts";
import { fieldProblem } from "./field_problem.ts";
import { isInside } from "./path_inside.ts";
import { MOST_RULES, type PermissionRule } from "./permission_rule.ts";
import type { NamedProject } from "./project.ts";
import type { Execution, NewTask, PermissionPolicy } from "./task.ts";
import { executionOf, holdsSlot, type TaskRecord } from "./task_record.ts";

type Find = (id: string) => TaskRecord | undefined;

export interface Lineage {
  parent_task: string;
  delegation_depth: number;
}

type Asked = Pick<TaskRecord["spec"], "type" | "execution" | "metadata">;

export interface DelegationRules {
  /** The policy of tasks where neither they nor their project name one. */
  permissions: PermissionPolicy;
  /** The rules that come after those of tasks and projects. */
  permission_rules: readonly PermissionRule[];
  /** What the task says about its execution, with its project's values where it says nothing. */
  executionOf(task: { spec: Asked }): Execution;
  /** The configured project that the task belongs to. */
  projectOf(task: { spec: Asked }): Pick<NamedProject, "name" | "permissions"> | undefined;
  /** Whether the agent that runs the task, or would run it, can be held to a policy. */
  canHold(task: Asked): boolean;
  find: Find;
}

/**
 * The task as it is stored when the agent of `parent` asks for it. Throws `INVALID_FIELD_VALUE` below too many others or
 * for a task that would wait for its own parent, and `PERMISSION_DENIED` for what the parent does not have, or once it is over.
 */
export function delegated(requested: NewTask, parent: TaskRecord, rules: DelegationRules): NewTask {
  refuseOfEnded(parent);
  const theirs = rules.executionOf(parent);
  const permissions = theirs.permissions ?? rules.permissions;
  const above = [parent, ...ancestorsOf(parent, rules.find)];
  const lineage = lineageBelow({ id: parent.id, metadata: parent.spec.metadata }, above.length);
  refuseWaitingFor(above, requested.dependencies ?? [], rules.find);
  const placed = fromTheirBranch(placedBeside(inRepository(requested, parent), parent, rules), parent, rules);
  refuseMore(placed, parent, permissions, rules);
  return {
    ...placed,
    metadata: { ...placed.metadata, ...lineage },
    execution: {
      ...placed.execution,
      permissions: placed.execution?.permissions ?? inherited(permissions, placed, parent, rules),
      ...inheritedRules(placed, parent, rules),
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

/** The task in the project and the folder of its parent, unless it names others. */
function placedBeside(requested: NewTask, parent: TaskRecord, rules: DelegationRules): NewTask {
  const { metadata, execution } = requested;
  const theirs = parent.spec.metadata?.project;
  if (metadata?.project === undefined && theirs !== undefined && names(parent.spec, rules)) {
    const working_dir = execution?.working_dir ?? executionOf(parent).working_dir;
    return {
      ...requested,
      metadata: { ...metadata, project: theirs },
      execution: { ...execution, working_dir },
    };
  }
  if (names(requested, rules)) return requested;
  const working_dir = execution?.working_dir ?? rules.executionOf(parent).working_dir;
  return { ...requested, execution: { ...execution, working_dir } };
}

/** The agent knows its own worktree: a folder in it means the same folder of the repository, which tasks may name. */
function inRepository(requested: NewTask, { state: { workspace } }: TaskRecord): NewTask {
  const { working_dir } = requested.execution ?? {};
  const { kind, root, repository } = workspace ?? {};
  if (kind !== "worktree" || !root || !repository || working_dir === undefined) return requested;
  if (!isFolderIn(root, working_dir)) return requested;
  const theirs = join(repository, relative(root, working_dir));
  return { ...requested, execution: { ...requested.execution, working_dir: theirs } };
}

/**
 * Beside a task in a worktree, in the same repository: in a worktree of its own too, so that nothing is changed behind its
 * owner's back, and from that task's branch, into which it can be accepted.
 */
function fromTheirBranch(task: NewTask, parent: TaskRecord, rules: DelegationRules): NewTask {
  const { workspace } = parent.state;
  const { execution = {} } = task;
  if (workspace?.kind !== "worktree" || execution.session !== undefined) return task;
  const own = rules.executionOf({ spec: task }).working_dir;
  const isBeside = own === rules.executionOf(parent).working_dir ||
    (own !== undefined && workspace.repository !== undefined && isFolderIn(workspace.repository, own));
  if (!isBeside) return task;
  const { isolation = "worktree", base = workspace.branch } = execution;
  if (isolation === "none") throw besideOwner(parent);
  return { ...task, execution: { ...execution, isolation, base } };
}

/**
 * Throws `PERMISSION_DENIED` for a task that would work in the checkout from which its parent's worktree was made. `folder`: where
 * it would work, with symbolic links resolved.
 */
export function requireApart(parent: TaskRecord, folder: string, isolation: Execution["isolation"]): void {
  const { kind, repository } = parent.state.workspace ?? {};
  if (kind !== "worktree" || repository === undefined || isolation === "worktree") return;
  if (isInside(repository, folder)) throw besideOwner(parent);
}

function besideOwner(parent: TaskRecord): ApiError {
  return denied(
    parent,
    "isolation",
    'isolation: "none" in the repository of its own worktree, behind its owner\'s back',
  );
}

/** A relative folder is one of the task's project. */
function isFolderIn(root: string, folder: string): boolean {
  return isAbsolute(folder) && isInside(root, folder);
}

/** Whether the task names a configured project, not merely a label. */
function names({ type, execution, metadata }: Asked, { projectOf }: DelegationRules): boolean {
  return metadata?.project !== undefined &&
    projectOf({ spec: { type, execution, metadata } })?.name === metadata.project;
}

/**
 * The rules that the agent gives, which only deny, before its own task's. In another project, what that task is allowed by its own
 * project is not allowed.
 */
function inheritedRules(
  task: NewTask,
  parent: TaskRecord,
  { executionOf: wholeOf, projectOf }: DelegationRules,
): Pick<Execution, "permission_rules"> {
  const own = task.execution?.permission_rules ?? [];
  if (own.some(({ decision }) => decision !== "deny")) {
    throw denied(parent, "permission_rules", "permission rules other than those that deny");
  }
  const isSame = projectOf({ spec: task })?.name === projectOf(parent)?.name;
  const theirs = isSame
    ? executionOf(parent).permission_rules ?? []
    : (wholeOf(parent).permission_rules ?? []).filter(({ decision }) => decision !== "allow");
  const rules = [...own, ...theirs];
  if (rules.length > MOST_RULES) {
    throw denied(
      parent,
      "permission_rules",
      `more than ${MOST_RULES} permission rules, those of its own task included`,
    );
  }
  return rules.length > 0 ? { permission_rules: rules } : {};
}

/** The parent's, or those of another project if they are stricter. */
function inherited(
  permissions: PermissionPolicy,
  task: NewTask,
  parent: TaskRecord,
  { projectOf }: DelegationRules,
): PermissionPolicy {
  const project = projectOf({ spec: task });
  const others = project?.name === projectOf(parent)?.name ? undefined : project?.permissions;
  return others !== undefined && isFreer(permissions, others) ? others : permissions;
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

function isFreer(one: PermissionPolicy, other: PermissionPolicy): boolean {
  return FREEDOM.indexOf(one) > FREEDOM.indexOf(other);
}

function refuseMore(
  { type, metadata, execution = {} }: NewTask,
  parent: TaskRecord,
  permissions: PermissionPolicy,
  { canHold, executionOf: wholeOf, permission_rules }: DelegationRules,
): void {
  const { permissions: wanted = permissions, env, mcp_servers = [], checks = [] } = execution;
  if (isFreer(wanted, permissions)) {
    throw denied(parent, "permissions", `permissions: "${wanted}", since its own are "${permissions}"`);
  }
  const ruled = [...wholeOf(parent).permission_rules ?? [], ...permission_rules];
  const isFree = permissions === "allow" && ruled.every(({ decision }) => decision === "allow");
  // Such an agent can run whatever it likes already.
  if (isFree || !canHold(parent.spec)) return;
  if (env !== undefined) throw denied(parent, "env", "variables, which can make a program run another");
  if (mcp_servers.some(({ command }) => command !== undefined)) {
    throw denied(parent, "mcp_servers", "commands, which run unasked");
  }
  if (checks.some((check) => typeof check !== "string")) {
    throw denied(parent, "checks", "commands as checks, which run unasked. Name configured ones");
  }
  if (!canHold({ type, execution, metadata })) {
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
