/** Keyboard shortcuts: single keys and pairs such as `g t`. Off while the user types; `?` lists them. */
import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { systemClock, type Timer } from "../clock/clock.ts";

export interface Shortcut {
  /** One key, or two pressed one after the other, such as `g t`. */
  key: string;
  does: string;
  run: () => void;
}

/** How long the first of two keys waits for the second. */
const SECOND_KEY_WITHIN_MS = 1500;
const STORED_AS = "opencode-agents.single-keys";

const active = signal<readonly Shortcut[]>([]);

/** Whether keys without Ctrl or ⌘ work. People who use dictation switch them off. */
export const areKeysOn = signal(localStorage.getItem(STORED_AS) !== "off");

export function switchKeys(on: boolean): void {
  areKeysOn.value = on;
  localStorage.setItem(STORED_AS, on ? "on" : "off");
}

/** The shortcuts that work where the user is now. */
export function shortcuts(): readonly Shortcut[] {
  return active.value;
}

/** Enables these shortcuts while the component is shown. Those of inner components take precedence. */
export function useShortcuts(list: Shortcut[], dependencies: readonly unknown[]): void {
  // In the same step as the drawing, so that a key always means what the user sees.
  useLayoutEffect(() => {
    active.value = [...list, ...active.value];
    return () => void (active.value = active.value.filter((shortcut) => !list.includes(shortcut)));
  }, dependencies);
}

/** For fields in which Enter begins a line: with Ctrl or ⌘ it sends what is written. */
export function onSendKey(send: () => void): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  };
}

function isCheckbox(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type === "checkbox";
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && !isCheckbox(target) &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Whether Enter and the space bar already do something on this element. */
function isPressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement &&
    (isCheckbox(target) || target.closest("a[href], button, summary") !== null);
}

/** The first of two keys, while it waits for the second. */
let first: string | undefined;
let timer: Timer | undefined;

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  if (event.key === "Shift" || document.querySelector("dialog[open]")) return;
  if (!areKeysOn.value || (/^(Enter| )$/.test(event.key) && isPressable(event.target))) return;
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

/** Whether the user asked to search on a page without a search field. The next page's field then takes the focus. */
let isSearchDue = false;

/** Focuses the page's search field; false if it has none. */
export function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>("main input[type=search]");
  field?.focus();
  isSearchDue = field === null;
  return !isSearchDue;
}

/** Called by a page whose search field was just drawn. */
export function focusDueSearch(): void {
  if (isSearchDue) focusSearch();
}
