/** What an agent has given a tool. If the changes beside it say it all, it is folded. */
import type { FileDiff } from "../../../domain/file_diff.ts";
import { repeatsDiffs } from "./repeated_input.ts";
import { ValueView } from "./value_view.tsx";

export function InputView({ input, diffs }: { input: unknown; diffs: readonly FileDiff[] }) {
  if (!repeatsDiffs(input, diffs)) return <ValueView value={input} />;
  return (
    <details class="folded-input">
      <summary>Input, as the agent gave it</summary>
      <ValueView value={input} />
    </details>
  );
}
