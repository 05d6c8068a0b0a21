/** The sessions of the demo agent. Each is saved in a file of its folder, so that it can continue after a kill. */
import { objectOf } from "../acp/wire_value.ts";

export interface DemoSession {
  cwd: string;
  prompt: string;
  /** How many steps are finished. */
  completed: number;
}

const STATE_FOLDER = ".demo-agent";

const statePath = (cwd: string, session_id: string) => `${cwd}/${STATE_FOLDER}/${session_id}.json`;

/** Saves the progress of a session. */
export async function writeState(session_id: string, session: DemoSession): Promise<void> {
  await Deno.mkdir(`${session.cwd}/${STATE_FOLDER}`, { recursive: true });
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
  return { cwd, prompt: String(state.prompt ?? ""), completed: Number(state.completed) || 0 };
}

/** Removes the file of a finished session. */
export async function removeState(session_id: string, session: DemoSession): Promise<void> {
  await Deno.remove(statePath(session.cwd, session_id));
  // The folder is not empty while another session in it runs. That session then removes it.
  await Deno.remove(`${session.cwd}/${STATE_FOLDER}`).catch(() => {});
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
