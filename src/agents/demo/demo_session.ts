/** The sessions of the demo agent. Each is saved in a file of its folder, so that it can go on in another process. */
import { listOf, objectOf } from "../acp/wire_value.ts";

export interface DemoSession {
  cwd: string;
  /** What it was told last, and works on. */
  prompt: string;
  /** All that it was told, the oldest first. */
  told: string[];
  /** How many steps are finished. */
  completed: number;
  /** The file that it was last told to write. */
  written?: string;
}

const STATE_FOLDER = ".demo-agent";
/** How much it remembers of what it was told. */
const MOST_TOLD = 50;

const statePath = (cwd: string, session_id: string) => `${cwd}/${STATE_FOLDER}/${session_id}.json`;

/** Gives the session a prompt to work on. */
export function tell(session: DemoSession, prompt: string): void {
  const told = [...session.told, prompt].slice(-MOST_TOLD);
  Object.assign(session, { prompt, told, completed: 0 });
}

/** Saves the progress of a session. */
export async function writeState(session_id: string, session: DemoSession): Promise<void> {
  const folder = `${session.cwd}/${STATE_FOLDER}`;
  await Deno.mkdir(folder, { recursive: true });
  // What it keeps is no part of its work.
  await Deno.writeTextFile(`${folder}/.gitignore`, "*\n");
  const path = statePath(session.cwd, session_id);
  // Renamed into place, so that a kill leaves either the old state or the new one.
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(session));
  await Deno.rename(`${path}.new`, path);
}

/** The saved session; undefined if there is none. */
export async function readState(cwd: string, session_id: string): Promise<DemoSession | undefined> {
  if (!/^demo_[a-z0-9]+$/.test(session_id)) return undefined;
  const text = await textAt(statePath(cwd, session_id));
  if (text === null) return undefined;
  const state = objectOf(JSON.parse(text)) ?? {};
  return {
    cwd,
    prompt: String(state.prompt ?? ""),
    told: listOf(state.told).map(String),
    completed: Number(state.completed) || 0,
    written: typeof state.written === "string" ? state.written : undefined,
  };
}

/** The text of a file; null if there is no such file. */
export async function textAt(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
