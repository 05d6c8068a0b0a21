/** What is known of a tool call: files, input, output, changes, and why it failed. */
import { printable } from "../../data/log_text.ts";
import { DiffView } from "./diff_view.tsx";
import type { ToolCall } from "./tool_calls.ts";
import { InputView } from "./input_view.tsx";
import { Places } from "./value_view.tsx";
import "./call_body.css";

export function CallBody({ call: { locations, input, error, diffs, output } }: { call: ToolCall }) {
  return (
    <div class="call-body">
      {error && <pre class="call-error">{error}</pre>}
      <Places paths={locations} />
      {input !== undefined && <InputView input={input} diffs={diffs} />}
      {output !== "" && (
        <pre class="call-output" tabIndex={0} role="region" aria-label="Output">{printable(output)}</pre>
      )}
      {diffs.map((diff, index) => (
        <div key={index}>
          {diffs.length > 1 && <code class="call-file">{diff.path}</code>}
          <DiffView diff={diff} label={`Change of ${diff.path}`} />
        </div>
      ))}
      {!error && locations.length === 0 && input === undefined && output === "" && (
        <p class="muted">The agent reported no details.</p>
      )}
    </div>
  );
}
