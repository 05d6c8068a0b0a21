/** Numbers as options. */
import { InvalidArgumentError } from "commander";

/** For commander: the whole number that an option's text is. */
export function whole(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("a whole number is expected");
}

/** For commander: a number of either kind, not negative. */
export function number(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("a number is expected");
}
