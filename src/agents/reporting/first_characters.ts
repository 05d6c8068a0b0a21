/** The beginning of a text, for places that have room for little. Pure. */
import { stripVTControlCharacters } from "node:util";

// deno-lint-ignore no-control-regex -- these are control characters
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;

/** At most `max` code points from the beginning of `text`. */
export function firstCharacters(text: string, max: number): string {
  return text.length <= max ? text : [...text].slice(0, max).join("");
}

/** The same of what a program printed, without colors and other control characters, and without space around it. */
export function firstPrinted(text: string, max: number): string {
  return firstCharacters(stripVTControlCharacters(text).replace(CONTROLS, "").trim(), max);
}
