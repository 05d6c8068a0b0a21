/** How diffs are laid out. The browser remembers it. */
import { signal } from "@preact/signals";

export type Layout = "unified" | "split";

const STORED_AS = "opencode-agents.diff";

export const layout = signal<Layout>(localStorage.getItem(STORED_AS) === "split" ? "split" : "unified");

export function chooseLayout(chosen: Layout): void {
  layout.value = chosen;
  localStorage.setItem(STORED_AS, chosen);
}
