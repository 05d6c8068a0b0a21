/** The flags of the task `start` in deno.json, for others that start the program. */
import manifest from "../deno.json" with { type: "json" };

const ENTRY = "main.ts";

function flags(): string[] {
  const words = manifest.tasks.start.command.split(/\s+/);
  const command = words.slice(words.indexOf("run") + 1, words.indexOf(ENTRY));
  return command.filter((word) => word !== "--no-prompt");
}

export const START_PERMISSIONS: readonly string[] = flags().filter((flag) => flag.startsWith("--allow-"));

/** A small young generation: without this flag it grows to 48 MB under load, with no measurable gain in speed. */
export const V8_FLAGS: readonly string[] = flags().filter((flag) => flag.startsWith("--v8-flags="));
