/** Reads JSON from another program. Its shape is not trusted, and everything that is kept has a bound. */

const MOST_PATHS = 20;

export function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined;
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The objects in a list; other elements are left out. */
export function objectsOf(value: unknown): Record<string, unknown>[] {
  return listOf(value).map(objectOf).filter((item) => item !== undefined);
}

/** `value` if it is a non-empty string; else undefined. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** At most `max` UTF-16 units of `text`. A cut is marked and does not split a code point. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  return text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, "") + "…";
}

/** `text` in one line of at most `max` units, for titles and steps. */
export function oneLine(text: string, max: number): string {
  return cut(text.slice(0, max * 4).replace(/\s+/g, " ").trim(), max);
}

/** `value` itself if its JSON has at most `max` characters, else the beginning of that JSON. */
export function cutValue(value: unknown, max: number): unknown {
  if (value === undefined || value === null) return undefined;
  const json = JSON.stringify(value);
  return json.length <= max ? value : cut(json, max);
}

/** The paths of a tool call's `locations`. */
export function pathsOf(locations: unknown): string[] {
  return listOf(locations).slice(0, MOST_PATHS).flatMap((place) => textOf(objectOf(place)?.path) ?? []);
}

/** Both objects as one, also where they nest. Where they disagree, `other` counts. */
export function merged(
  one: Record<string, unknown>,
  other: Record<string, unknown>,
): Record<string, unknown> {
  const all = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const [inner, more] = [objectOf(all[name]), objectOf(value)];
    all[name] = inner !== undefined && more !== undefined ? merged(inner, more) : value;
  }
  return all;
}
