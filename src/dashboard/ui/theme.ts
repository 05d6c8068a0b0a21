/** The theme: light, dark, or the system's. The browser remembers it. */
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
/** Grows whenever colors may have changed, so that canvases paint again. */
export const paint = signal(0);
prefersDark.addEventListener("change", () => paint.value++);

export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.value;
  paint.value++;
}

/** Switches to the next of the three. */
export function switchTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
  localStorage.setItem(KEY, theme.value);
  applyTheme();
}

/** The current color of a custom property such as `--live`, in a form that a canvas accepts. */
export function colorOf(property: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
