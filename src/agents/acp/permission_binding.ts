/** Carries out, at the start of an agent's process, what holds it to its task's permission policy. */
import { join } from "node:path";
import { ApiError } from "../../domain/errors.ts";
import { type PolicyNote, unboundNote } from "../../domain/permission_binding.ts";
import type { RunRequest } from "../../domain/run_request.ts";
import type { AgentMake, Binding } from "../makes/agent_make.ts";
import type { Bind } from "../supervision/supervisor.ts";

/** No file of settings is that long. */
const LONGEST_FILE = 1_000_000;

/** How one run is held to its policy. `notes` are complete once its process has started. */
export interface PolicyHold {
  /** Throws `ApiError` for an agent that cannot be held to the policy here. */
  bind: Bind | undefined;
  notes: readonly PolicyNote[];
}

export function bindingOf(make: AgentMake, request: RunRequest): PolicyHold {
  const unbound = make.bind === undefined ? unboundNote(request) : undefined;
  const notes: PolicyNote[] = unbound === undefined ? [] : [unbound];
  const { prepare } = make.bind?.(request) ?? {};
  const bind = prepare && bindTo(prepare, request, (message) => {
    // Another process of the same run has the same to say.
    if (!notes.some((note) => note.message === message)) notes.push({ level: "warn", message });
  });
  return { bind, notes };
}

function bindTo(
  prepare: NonNullable<Binding["prepare"]>,
  request: RunRequest,
  warn: (warning: string) => void,
): Bind {
  return async (folder, env) => {
    const file = (name: string) => join(folder, name);
    const { working_dir } = request;
    const unreadable = (path: string) =>
      warn(`${path} cannot be read by the server. What it lets the agent do unasked is not known`);
    const start = await prepare({
      env,
      working_dir,
      file,
      read: (path) => unlessMissing(path, undefined, read, unreadable),
      list: (path) => unlessMissing(path, [], list, unreadable),
    });
    if (start.obstacle !== undefined) {
      throw new ApiError("CONFIGURATION_ERROR", start.obstacle, { agent: request.agent_name });
    }
    for (const [name, content] of Object.entries(start.files ?? {})) {
      await Deno.writeTextFile(file(name), content, { mode: 0o600 });
    }
    for (const [name, content] of Object.entries(start.programs ?? {})) {
      await Deno.writeTextFile(file(name), content, { mode: 0o700 });
    }
    for (const warning of start.warnings ?? []) warn(warning);
    return { args: start.args ?? [], env: start.env ?? {} };
  };
}

async function unlessMissing<T>(
  path: string,
  missing: T,
  look: (path: string) => Promise<T>,
  unreadable: (path: string) => void,
): Promise<T> {
  try {
    return await look(path);
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    if (!isMissing) unreadable(path);
    return missing;
  }
}

async function read(path: string): Promise<string | undefined> {
  const { isFile, size } = await Deno.stat(path);
  return isFile && size <= LONGEST_FILE ? await Deno.readTextFile(path) : undefined;
}

async function list(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name } of Deno.readDir(folder)) paths.push(join(folder, name));
  return paths.sort();
}
