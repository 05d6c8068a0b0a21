/** What was typed and not sent, by task: it survives a reload and a closed tab. */
const KEY = "opencode-agents.draft.";
/** More are not kept: the oldest go first. */
const DRAFTS_MAX = 50;

export function draftOf(task_id: string): string {
  return localStorage.getItem(KEY + task_id)?.replace(/^\d+ /, "") ?? "";
}

/** Keeps the draft; an empty one is forgotten. `at`: milliseconds since the epoch. */
export function keepDraft(task_id: string, text: string, at: number): void {
  if (text === "") return localStorage.removeItem(KEY + task_id);
  localStorage.setItem(KEY + task_id, `${at} ${text}`);
  const kept = Object.keys(localStorage).filter((key) => key.startsWith(KEY));
  const age = (key: string) => Number(localStorage.getItem(key)?.split(" ", 1)[0]);
  for (const key of kept.sort((a, b) => age(b) - age(a)).slice(DRAFTS_MAX)) localStorage.removeItem(key);
}
