/** A cron expression in words, the same on the page and in the terminal. */
import cronstrue from "cronstrue";

/** `at 9:00 AM, Monday through Friday`. An expression that cannot be put into words stays as it is. */
export function cronInWords(cron: string): string {
  try {
    const words = cronstrue.toString(cron, { use24HourTimeFormat: true, verbose: false });
    return words.charAt(0).toLowerCase() + words.slice(1);
  } catch {
    // The library throws a text for what it cannot read.
    return cron;
  }
}
