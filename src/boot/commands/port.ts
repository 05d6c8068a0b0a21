/** A port as an option of the command line. */
import { InvalidArgumentError } from "commander";

export function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65535) return value;
  throw new InvalidArgumentError("a port is a number from 0 to 65535");
}
