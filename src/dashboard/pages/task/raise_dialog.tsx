/** Asks for a higher bound, with which a task that has come to its own goes on. */
import { useState } from "preact/hooks";
import type { Task } from "../../../domain/task.ts";
import { boundedUsage } from "../../../domain/usage_sums.ts";
import { costText, count } from "../../../protocol/formats.ts";
import { Dialog } from "../../ui/dialog.tsx";

export interface Raised {
  max_cost_usd?: number;
  max_tokens?: number;
}

export interface RaiseDialogProps {
  task: Task;
  onRaise: (raised: Raised) => void;
  onClose: () => void;
}

export function RaiseDialog({ task, onRaise, onClose }: RaiseDialogProps) {
  const { execution = {} } = task;
  const usage = boundedUsage(task.usage, task.delegated_usage);
  const { max_cost_usd, max_tokens } = execution;
  const tokens = usage === undefined ? 0 : usage.input_tokens + usage.output_tokens + usage.cached_tokens;
  const isCost = max_cost_usd !== undefined && (usage?.cost_usd ?? 0) >= max_cost_usd;
  const bound = isCost ? max_cost_usd : max_tokens ?? 0;
  const used = isCost ? usage?.cost_usd ?? 0 : tokens;
  const [wanted, setWanted] = useState(String(Math.ceil(2 * Math.max(bound, used))));
  const isHigher = Number(wanted) > Math.max(bound, used);
  return (
    <Dialog title="Let it go on?" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!isHigher) return;
          onRaise(isCost ? { max_cost_usd: Number(wanted) } : { max_tokens: Number(wanted) });
          onClose();
        }}
      >
        <p>
          The task {task.delegated_usage && "and those that its agent has started "}
          {task.delegated_usage ? "have" : "has"} {isCost
            ? `cost ${usage ? costText(usage) : "nothing"} of the ${
              costText({ cost_usd: bound, cost_source: "reported" })
            }`
            : `used ${count(tokens)} of the ${count(bound)} tokens`}{" "}
          that it may. With a higher bound it goes on in its agent's session.
        </p>
        <label class="field">
          <span>{isCost ? "It may cost, in USD" : "Tokens that it may use"}</span>
          <input
            type="number"
            min="0"
            step={isCost ? "any" : "1"}
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
        </label>
        <footer class="buttons">
          <button type="button" onClick={onClose}>Keep it paused</button>
          <button type="submit" class="primary" disabled={!isHigher}>Raise and resume</button>
        </footer>
      </form>
    </Dialog>
  );
}
