/** A task's description made from a prompt, for those who are given only the prompt. */

/** Of a description, in characters. */
export const DESCRIPTION_MAX = 1000;

/** Whether a text does not fit; it is then sent in full as the prompt. */
export function isTooLong(description: string): boolean {
  return [...description].length > DESCRIPTION_MAX;
}

/** The prompt on one line, as much as fits. `prompt` is there when the description does not say all of it. */
export function describedBy(prompt: string): { description: string; prompt: string | undefined } {
  const description = [...prompt.replace(/\s+/g, " ").trim()].slice(0, DESCRIPTION_MAX).join("");
  return { description, prompt: description === prompt.trim() ? undefined : prompt };
}
