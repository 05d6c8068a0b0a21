/** The behavior that the Agent Client Protocol defines. Each make starts from it and overrides only its differences. */
import { planOf } from "../acp/progress.ts";
import { reportedChanges } from "../acp/reported_changes.ts";
import { tokensOf, usageUpdateOf } from "../acp/usage.ts";
import type { AgentMake } from "./agent_make.ts";

type Identity = "name" | "display_name" | "icon" | "install" | "programs" | "standard" | "recognize";

export const acpMake: Omit<AgentMake, Identity> = {
  environment: () => ({}),
  arguments: () => [],
  client_meta: undefined,
  modes: [],
  resumes: true,
  chatter: undefined,
  goesOnAfter: () => false,
  planOf,
  changesOf: reportedChanges,
  turnSign: () => undefined,
  limitOf: () => undefined,
  usageOf: usageUpdateOf,
  tokensOf,
  tokens_scope: undefined,
};
