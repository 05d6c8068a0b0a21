/** What a task has cost. Shows nothing where that is unknown or nothing. */
import type { Task } from "../../domain/task.ts";
import { costText, count, counted } from "../../protocol/formats.ts";

export function Cost({ task: { usage } }: { task: Pick<Task, "usage"> }) {
  if (!usage || usage.cost_source === "unknown" || usage.cost_usd === 0) return null;
  const { input_tokens, cached_tokens, output_tokens, turns } = usage;
  const tokens = count(input_tokens + cached_tokens + output_tokens);
  return (
    <span class="figure" title={`${tokens} tokens in ${counted(turns, "turn")}`}>
      <span class="visually-hidden">Cost</span>
      {costText(usage)}
    </span>
  );
}
