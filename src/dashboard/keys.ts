/** The keyboard: single keys, off while one types, listed by `?`. */
import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";

export interface Shortcut {
  key: string;
  does: string;
  run: () => void;
}

const active = signal<readonly Shortcut[]>([]);

/** Those that work where the user is now. */
export function shortcuts(): readonly Shortcut[] {
  return active.value;
}

/** Makes these work while the component is shown; those of a component further in come first. */
export function useShortcuts(list: Shortcut[], dependencies: readonly unknown[]): void {
  // With what is drawn, not after it: a key means what is seen.
  useLayoutEffect(() => {
    active.value = [...list, ...active.value];
    return () => void (active.value = active.value.filter((shortcut) => !list.includes(shortcut)));
  }, dependencies);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Enter on these does what they are there for. */
function isPressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("a[href], button, summary") !== null;
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && isPressable(event.target)) return;
  const shortcut = active.value.find(({ key }) => key === event.key);
  if (!shortcut) return;
  event.preventDefault();
  shortcut.run();
});

/** Puts the cursor into the page's search field: what `/` does. */
export function focusSearch(): void {
  document.querySelector<HTMLInputElement>("input[type=search]")?.focus();
}
