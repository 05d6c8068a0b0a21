/** What a task has cost. Shows nothing where that is unknown or nothing. */
import type { Task } from "../../domain/task.ts";
import { boundedUsage } from "../../domain/usage_sums.ts";
import { costText, count, counted } from "../../protocol/formats.ts";

export function Cost({ task }: { task: Pick<Task, "usage" | "delegated_usage"> }) {
  const usage = boundedUsage(task.usage, task.delegated_usage);
  if (!usage || usage.cost_source === "unknown" || usage.cost_usd === 0) return null;
  const { input_tokens, cached_tokens, output_tokens, turns } = usage;
  const tokens = count(input_tokens + cached_tokens + output_tokens);
  return (
    <span
      class="figure"
      title={`${tokens} tokens in ${counted(turns, "turn")}${
        task.delegated_usage
          ? `, ${costText(task.delegated_usage)} of it by tasks that its agent has started`
          : ""
      }`}
    >
      <span class="visually-hidden">Cost</span>
      {costText(usage)}
    </span>
  );
}
