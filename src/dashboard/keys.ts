/** The keyboard: single keys and two in a row such as `g t`; off while the user types, listed by `?`. */
import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { systemClock, type Timer } from "../clock/clock.ts";

export interface Shortcut {
  /** One key, or two that are pressed one after the other: `g t`. */
  key: string;
  does: string;
  run: () => void;
}

/** After the first of two keys the second is waited for no longer than this. */
const SECOND_KEY_WITHIN_MS = 1500;
const STORED_AS = "opencode-agents.single-keys";

const active = signal<readonly Shortcut[]>([]);

/** Whether keys without Ctrl or ⌘ do anything: those who dictate to their machine switch them off. */
export const areKeysOn = signal(localStorage.getItem(STORED_AS) !== "off");

export function switchKeys(on: boolean): void {
  areKeysOn.value = on;
  localStorage.setItem(STORED_AS, on ? "on" : "off");
}

/** The shortcuts that work where the user is now. */
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

/** The first of two keys, while the second is waited for. */
let first: string | undefined;
let timer: Timer | undefined;

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  if (event.key === "Shift" || document.querySelector("dialog[open]")) return;
  if (!areKeysOn.value || (event.key === "Enter" && isPressable(event.target))) return;
  const key = first === undefined ? event.key : `${first} ${event.key}`;
  first = undefined;
  timer?.cancel();
  const shortcut = active.value.find((shortcut) => shortcut.key === key);
  if (shortcut) {
    event.preventDefault();
    return shortcut.run();
  }
  if (!active.value.some((shortcut) => shortcut.key.startsWith(`${key} `))) return;
  first = key;
  timer = systemClock.after(SECOND_KEY_WITHIN_MS, () => first = undefined);
});

/** Whether a search was asked for on a page without one: the field of the next page takes the focus. */
let isSearchDue = false;

/** Puts the cursor into the page's search field; false when it has none. */
export function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>("main input[type=search]");
  field?.focus();
  isSearchDue = field === null;
  return !isSearchDue;
}

/** To be called by a page whose search field was just drawn. */
export function focusDueSearch(): void {
  if (isSearchDue) focusSearch();
}
