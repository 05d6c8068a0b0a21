/** What each agent does in each scenario. The tests play it; `deno task docs` writes it into docs/agents.md. */
import type { AgentName } from "../fixtures/agents.ts";

/** Agent → scenario → the word that `play` returns. */
export const ANSWERS: Record<AgentName, Record<string, string>> = {
  opencode: {},
  claude: {},
  codex: {},
  gemini: {},
};
