/** Reading JSON that another program sent: nothing about its shape is believed, and nothing of any length is kept. */

export function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined;
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The objects of a list; what else is in it is left out. */
export function objectsOf(value: unknown): Record<string, unknown>[] {
  return listOf(value).map(objectOf).filter((item) => item !== undefined);
}

/** The string, when it is one and not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** At most `max` UTF-16 units of `text`, no code point torn apart, the cut marked. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  return text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, "") + "…";
}

/** One line, for titles and steps. */
export function oneLine(text: string, max: number): string {
  return cut(text.slice(0, max * 4).replace(/\s+/g, " ").trim(), max);
}

/** `value` itself when its JSON is at most `max` characters, else that JSON, cut. */
export function cutValue(value: unknown, max: number): unknown {
  if (value === undefined || value === null) return undefined;
  const json = JSON.stringify(value);
  return json.length <= max ? value : cut(json, max);
}
