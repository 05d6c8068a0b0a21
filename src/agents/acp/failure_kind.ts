/** What kind of failure an agent's error reply is: by its codes, else by known texts. Pure. */
import type { FailureKind } from "../../domain/failure.ts";
import { kindOfStatus, kindOfText } from "./model_trouble.ts";
import { objectOf, textOf } from "./wire_value.ts";

/** The protocol's own code for a missing account. */
const AUTH_REQUIRED = -32000;

/** Claude Code's names in `data.errorKind`, as far as they say more than the text. */
const ERROR_KINDS: Readonly<Record<string, FailureKind>> = {
  authentication_failed: "needs_login",
  rate_limit: "provider_limit",
};

/** How adapters say that the program has died which does their work. */
const INNER_DEATH =
  /\b(process|app-server|program)\b.{0,60}\b(exited|died|crashed|terminated|(was|been) (killed|ended))\b/i;

/** `data`: as the agent sent it. Without any sign it is a refusal. */
export function kindOfError(code: number, data: unknown, text: string): FailureKind {
  if (code === AUTH_REQUIRED) return "needs_login";
  if (INNER_DEATH.test(text)) return "agent_crashed";
  const named = ERROR_KINDS[textOf(objectOf(data)?.errorKind) ?? ""] ?? kindOfText(text);
  // Some agents give the HTTP status of their model's provider instead of a code of JSON-RPC.
  return named ?? (code >= 400 && code < 600 ? kindOfStatus(code) : "refused");
}
