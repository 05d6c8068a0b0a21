/** A port as an option of the command line. */
import { InvalidArgumentError } from "commander";
import { portOf } from "../serve_flags.ts";

export function port(text: string): number {
  const value = portOf(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError("a port is a number from 0 to 65535");
}
