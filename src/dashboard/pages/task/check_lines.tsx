/** How the checks after a turn ended, as lines of the timeline. Each unfolds to the end of what it printed. */
import { ChevronRight, CircleCheck, CircleX } from "lucide-preact";
import type { CheckResult } from "../../../domain/check.ts";
import { duration } from "../../../protocol/formats.ts";
import "./tool_lines.css";

export function CheckLines({ checks }: { checks: readonly CheckResult[] }) {
  return (
    <ul class="tool-lines" aria-label="Checks">
      {checks.map((check, i) => <Line key={i} check={check} />)}
    </ul>
  );
}

function Line({ check: { command, ok, exit_code, duration_ms, output } }: { check: CheckResult }) {
  const Icon = ok ? CircleCheck : CircleX;
  const how = ok ? "passed" : exit_code === undefined ? "did not run to its end" : `exit code ${exit_code}`;
  return (
    <li>
      <details class="tool-line" open={!ok}>
        <summary title={command}>
          <ChevronRight size={14} aria-hidden="true" class="tool-chevron" />
          <Icon size={14} aria-hidden="true" />
          <span class="clip">
            Checked <code dir="ltr">{command}</code>
          </span>
          <span class="tool-end figure">
            <span class={ok ? undefined : "tool-failed"}>{how}</span>
            {duration(duration_ms)}
          </span>
        </summary>
        <pre class="check-output">{output.trim() === "" ? "It printed nothing." : output}</pre>
      </details>
    </li>
  );
}
