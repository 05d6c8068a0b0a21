/** A check of `run --check`. */
import { InvalidArgumentError } from "commander";
import type { Check } from "../domain/check.ts";
import { checkOfText } from "../domain/check_text.ts";

/** An empty text is no check, so that it alone means none. */
export function oneMoreCheck(written: string, before: Check[] = []): Check[] {
  const check = checkOfText(written);
  if (check === undefined) return before;
  if (check.length === 0 || check[0] === "") throw new InvalidArgumentError("a name, or a command");
  return [...before, check];
}
