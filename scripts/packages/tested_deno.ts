/** The version of Deno that continuous integration tests with, and that the published program runs in. */
import { join } from "node:path";
import { ROOT } from "../root.ts";

export async function testedDeno(): Promise<string> {
  const text = await Deno.readTextFile(join(ROOT, ".ci/run"));
  const version = /deno@(\d+\.\d+\.\d+)/.exec(text)?.[1];
  if (version === undefined) throw new Error(".ci/run names no version of Deno");
  return version;
}
