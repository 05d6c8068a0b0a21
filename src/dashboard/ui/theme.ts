/** Light, dark, or as the system has it; remembered by the browser. */
import { signal } from "@preact/signals";

const KEY = "opencode-agents.theme";
const THEMES = ["system", "light", "dark"] as const;
export type Theme = typeof THEMES[number];

function remembered(): Theme {
  const value = localStorage.getItem(KEY) as Theme;
  return THEMES.includes(value) ? value : "system";
}

export const theme = signal<Theme>(remembered());

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
/** Grows whenever colours may have changed: what paints them itself paints anew. */
export const paint = signal(0);
prefersDark.addEventListener("change", () => paint.value++);

export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.value;
  paint.value++;
}

/** The next of the three. */
export function switchTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
  localStorage.setItem(KEY, theme.value);
  applyTheme();
}

/** The colour that a custom property such as `--live` stands for now, as a canvas takes it. */
export function colorOf(property: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
