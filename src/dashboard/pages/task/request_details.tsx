/** What a permission request is about, in full: its files, its change, its command or its input. */
import { outsideOf } from "../../../domain/asked_words.ts";
import type { FileDiff } from "../../../domain/file_diff.ts";
import type { PermissionRequest } from "../../../domain/permission_request.ts";
import { DiffView } from "./diff_view.tsx";
import { InputView } from "./input_view.tsx";
import { Places } from "./value_view.tsx";
import "./request_details.css";

export function RequestDetails({ asked }: { asked: PermissionRequest }) {
  const { raw_input, explanation, locations, diffs } = asked.tool_call;
  const outside = outsideOf(asked);
  return (
    <>
      {outside.length > 0 && (
        <div class="permission-outside">
          <p>Outside the task's folder:</p>
          <Places paths={outside} />
        </div>
      )}
      {typeof explanation === "string" && <pre class="permission-explanation">{explanation}</pre>}
      {Array.isArray(diffs) &&
        (diffs as FileDiff[]).map((diff, index) => (
          <div class="permission-diff" key={index}>
            <code>{diff.path}</code>
            <DiffView diff={diff} label={`Requested change of ${diff.path}`} />
          </div>
        ))}
      {raw_input !== undefined && (
        <InputView input={raw_input} diffs={Array.isArray(diffs) ? diffs as FileDiff[] : []} />
      )}
      {Array.isArray(locations) && raw_input === undefined && diffs === undefined && (
        <Places paths={locations.map(String).filter((path) => !outside.includes(path))} />
      )}
    </>
  );
}
