/** What goes wrong according to an agent's error reply: by its structure, else by known texts. Pure. */
import type { FailureKind } from "../../domain/failure.ts";
import type { AgentMoment } from "./agent_moment.ts";
import { kindOfStatus, kindOfText } from "./failure_kind.ts";
import { type ModelTrouble, troubleInText } from "./model_trouble.ts";
import { refusalIn } from "./told_refusal.ts";

/** The protocol's own code for a missing account. Others use it for any error of a server. */
const AUTH_REQUIRED = -32000;

/** How adapters say that the program has died which does their work. */
const INNER_DEATH =
  /\b(process|app-server|program)\b.{0,60}\b(exited|died|crashed|terminated|(was|been) (killed|ended))\b/i;

export interface ErrorReply {
  code: number;
  message: string;
  /** As the agent sent it. */
  data?: unknown;
}

/** `text`: what the error says, for people. Without any sign it is a refusal. */
export function troubleOfError(error: ErrorReply, text: string, at: AgentMoment): ModelTrouble {
  const structure = [error.data, error.message];
  // JSON-RPC's own words for the code say nothing.
  const said = text.replace(/^internal error: (?=\S)/i, "");
  return troubleInText(said, at, kindOfError(error, text), structure);
}

function kindOfError({ code, message, data }: ErrorReply, text: string): FailureKind {
  // Some agents give the HTTP status of their model's provider instead of a code of JSON-RPC.
  if (code === 429) return kindOfStatus(code);
  const told = refusalIn([data, message], 0);
  if (told.kind !== undefined) return told.kind;
  const said = kindOfText(text);
  if (code === AUTH_REQUIRED) {
    return said === "provider_limit" || said === "overloaded" ? said : "needs_login";
  }
  if (INNER_DEATH.test(text)) return "agent_crashed";
  return said ?? told.vague_kind ?? (code >= 400 && code < 600 ? kindOfStatus(code) : "refused");
}
