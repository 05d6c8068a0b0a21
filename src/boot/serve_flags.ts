/**
 * The options of `serve`, and a quick reader for them: loading commander would take an eighth of the server's start.
 * What the reader does not understand at once is left to commander, which explains it.
 */
import { parseArgs } from "node:util";
import type { ServeFlags } from "./config_file.ts";

interface ServeOption {
  /** The name of the option's value. Without it the option is a switch. */
  value?: "host" | "port" | "dir" | "file";
  description: string;
}

/** By name, in the order of the help. */
export const SERVE_OPTIONS: Readonly<Record<string, ServeOption>> = {
  "host": { value: "host", description: "address to listen on (default: 127.0.0.1)" },
  "port": { value: "port", description: "port to listen on; 0 picks a free one (default: 8080)" },
  "data": { value: "dir", description: "data folder (default: OPENCODE_AGENTS_DATA, else the platform's)" },
  "config": { value: "file", description: "configuration file (JSON)" },
  "demo": { description: "run a small workflow with a built-in agent; needs no model and no key" },
  "print-config": { description: "print the effective configuration, secrets masked, and exit" },
  "insecure": {
    description: "listen on other addresses than this machine's own without authentication and without TLS",
  },
};

/** A port from 0 to 65535; undefined for any other text. */
export function portOf(text: string): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && value <= 65535 ? value : undefined;
}

/** The flags, if these arguments are a plain call of `serve`; undefined if commander must look at them. */
export function plainServeFlags(args: readonly string[]): ServeFlags | undefined {
  const options = Object.fromEntries(
    Object.entries(SERVE_OPTIONS).map(([name, { value }]) => [
      name,
      { type: value === undefined ? "boolean" as const : "string" as const },
    ]),
  );
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({ args: args[0] === "serve" ? args.slice(1) : [...args], options }).values;
  } catch {
    // Another command, a mistake, or a question for help.
    return undefined;
  }
  const flags: Record<string, string | number | boolean | undefined> = {};
  for (const [name, given] of Object.entries(values)) {
    const { value } = SERVE_OPTIONS[name]!;
    const read = value === "port" ? portOf(String(given)) : given;
    const isPath = value === "dir" || value === "file";
    if (read === undefined || (isPath && (given === "" || String(given).startsWith("~")))) return undefined;
    flags[name === "print-config" ? "printConfig" : name] = read;
  }
  return flags;
}
