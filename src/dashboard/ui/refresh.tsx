/** The age of what a page shows, and the button that refreshes it; `r` does the same. */
import { RefreshCw } from "lucide-preact";
import { timeOfDay } from "../../protocol/formats.ts";
import type { Answer } from "../data/answer.ts";
import { useShortcuts } from "../keys.ts";

export interface RefreshProps {
  /** The time of the shown data; undefined while there is none. */
  at: string | undefined;
  answer: Pick<Answer<unknown>, "isAsking" | "reload">;
  name?: string;
}

export function Refresh({ at, answer, name = "Refresh" }: RefreshProps) {
  const reload = () => void answer.reload();
  useShortcuts([{ key: "r", does: name, run: reload }], []);
  return (
    <div class="buttons">
      {at !== undefined && <span class="muted figure">as of {timeOfDay(at)}</span>}
      <button type="button" title={`${name} (r)`} onClick={reload} disabled={answer.isAsking}>
        <RefreshCw size={14} aria-hidden="true" /> {name}
      </button>
    </div>
  );
}
