/** Everything at a glance: the agents at work, the newest tasks, the machine. */
import { getLogger } from "@logtape/logtape";
import type { TaskQueries } from "../engine/task_queries.ts";
import type { Machine } from "../monitor/machine.ts";
import type { Status } from "../protocol/basic_messages.ts";
import type { Reply } from "../protocol/messages.ts";
import type { Scope } from "./scope.ts";
import { measured } from "./channels/measured_agents.ts";

const log = getLogger(["opencode-agents", "api"]);

/** More tasks than this are not sent at once; `list_tasks` pages through all. */
const TASKS_SHOWN = 1000;
/** Sent twice, within what WebSocket libraries take by default (1 MiB): the first dashboards' clients cannot page. */
const TASKS_BYTES = 400 << 10;

export interface StatusSources {
  queries: Pick<TaskQueries, "agents" | "list">;
  machine: Pick<Machine, "resources" | "agents">;
}

type MachineStatus = Pick<Status, "system_resources" | "claude_processes">;

/** The machine's part. What cannot be found out is absent. */
export async function machineStatus({ machine }: StatusSources): Promise<MachineStatus> {
  const [system_resources, claude_processes] = await Promise.all([
    orAbsent(machine.resources()),
    orAbsent(machine.agents().then(({ processes }) => processes)),
  ]);
  return { system_resources, claude_processes };
}

/** The status as of now, with the machine's part as it was found. */
export function fullStatus(
  { queries }: StatusSources,
  machine: MachineStatus,
  scope?: Scope,
): Omit<Reply<"request_status">, "request_id"> {
  const sort = { field: "created_at", order: "desc" } as const;
  const sees = scope && ((id: string) => scope.sees(id));
  const { tasks, total_count } = queries.list({ sort, limit: TASKS_SHOWN, offset: 0 }, TASKS_BYTES, sees);
  const agents = queries.agents().filter(({ task_id }) => sees?.(task_id) ?? true);
  const status = {
    agents: measured(agents, machine.claude_processes ?? []),
    tasks,
    total_tasks: total_count,
    ...machine,
    // Command lines tell of the tasks of all projects.
    ...sees && { claude_processes: undefined },
  };
  return { type: "full_status", data: status, ...status };
}

async function orAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    log.debug("A part of the status is unavailable: {error}", { error });
    return undefined;
  }
}
