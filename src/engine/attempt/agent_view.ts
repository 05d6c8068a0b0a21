/** A running agent as clients see it. */
import { isoTime } from "../../clock/clock.ts";
import { type AttemptState, runtimeStatus } from "../../domain/attempt/state.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import type { Agent } from "../../protocol/basic_messages.ts";

export function agentView(
  attempt: AttemptState,
  { id, spec, state }: TaskRecord,
  { pid, start_ms, now_ms }: { pid: number | undefined; start_ms: number; now_ms: number },
): Agent {
  return {
    id: `agent_${id}_${attempt.attempt}`,
    status: runtimeStatus(attempt),
    type: attempt.rules.agent,
    task: spec.description,
    task_id: id,
    progress: state.progress,
    start_time: isoTime(start_ms),
    pid,
    working_dir: attempt.working_dir,
    // Only the monitor can classify a process. `measured_agents.ts` fills these in once it has seen this one.
    is_claude_desktop: false,
    process_type: "unknown",
    timestamp: isoTime(now_ms),
  };
}
