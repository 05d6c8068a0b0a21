/** What this client declares to an agent in `initialize`. Agents use only what is declared here. */
import type { AgentMake, WireObject } from "../makes/agent_make.ts";

/** The `clientCapabilities` for agents of `make`: the protocol's own, and in `_meta` what only that make knows. */
export function clientAbilities(make: AgentMake): WireObject {
  return {
    // The agent uses the files and the shell of this machine directly.
    fs: { readTextFile: false, writeTextFile: false },
    terminal: false,
    // What an agent asks goes to a person: a form, or a page to visit.
    elicitation: { form: {}, url: {} },
    // Without it, adapters put warnings of the agent among its words.
    session: { notices: {} },
    // What a command prints comes as it is, in pieces.
    _meta: { terminal_output: true, terminal_output_delta: true, ...make.client_meta },
  };
}
