/** How the last attempt's process ended, and its usage. */
import { isFinished } from "../../../domain/task_values.ts";
import { count, duration } from "../../../protocol/formats.ts";
import { Problem } from "../../ui/problem.tsx";
import { Fact } from "./fact.tsx";
import type { TabProps } from "./tab_props.ts";
import { ValueView } from "./value_view.tsx";

export function HowItEnded({ task, result: { value, error } }: Pick<TabProps, "task" | "result">) {
  if (!value) return error === undefined ? null : <Problem what="The result cannot be shown" error={error} />;
  const { exit_code, stop_reason, usage, left_running = [], checks = [] } = value;
  if (!isFinished(task.status)) return null;
  return (
    <div class="card">
      <h2>How it ended</h2>
      <dl class="facts">
        <Fact name="Status">{task.status}</Fact>
        <Fact name="Stop reason">{stop_reason !== undefined && <code>{stop_reason}</code>}</Fact>
        {exit_code !== undefined && <dt>Exit code</dt>}
        {exit_code !== undefined && <dd class="figure">{exit_code}</dd>}
        {checks.length > 0 && <dt>Checks</dt>}
        {checks.map(({ command, ok, exit_code, duration_ms, output }, i) => (
          <dd key={`check-${i}`}>
            <code>{command}</code>{" "}
            <span class="muted">
              {ok
                ? "passed"
                : exit_code === undefined
                ? "did not run to its end"
                : `failed with exit code ${exit_code}`}, {duration(duration_ms)}
            </span>
            {!ok && output.trim() !== "" && <pre>{output}</pre>}
          </dd>
        ))}
        {left_running.length > 0 && <dt>Left running</dt>}
        {left_running.map(({ pid, command, age_ms }) => (
          <dd key={pid}>
            <code>{command}</code>{" "}
            <span class="muted">pid {pid}, {duration(age_ms)}, ended with the agent</span>
          </dd>
        ))}
      </dl>
      {usage && Object.keys(usage).length > 0 && <Usage usage={usage} />}
    </div>
  );
}

function Usage({ usage }: { usage: Record<string, unknown> }) {
  const { cost, context, ...rest } = usage;
  const numbers = Object.entries(rest).filter(([, value]) => typeof value === "number");
  const others = Object.fromEntries(Object.entries(rest).filter(([, value]) => typeof value !== "number"));
  return (
    <>
      <h3 class="usage-head">Usage</h3>
      <dl class="facts">
        {isMoney(cost) && <dt>Cost</dt>}
        {isMoney(cost) && <dd class="figure">{cost.amount} {cost.currency}</dd>}
        {isContext(context) && <dt>Context</dt>}
        {isContext(context) && <dd class="figure">{count(context.used)} of {count(context.size)}</dd>}
        {numbers.flatMap(([name, value]) => [
          <dt key={name}>{wordsOf(name)}</dt>,
          <dd key={`${name}-value`} class="figure">{count(value as number)}</dd>,
        ])}
      </dl>
      <ValueView value={others} />
    </>
  );
}

function isMoney(value: unknown): value is { amount: number; currency: string } {
  return typeof value === "object" && value !== null && "amount" in value && "currency" in value;
}

/** How full the model's context window is, in tokens. */
function isContext(value: unknown): value is { used: number; size: number } {
  const { used, size } = (value ?? {}) as Record<string, unknown>;
  return typeof used === "number" && typeof size === "number";
}

/** `input_tokens` as people write it. */
function wordsOf(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
