/** The behavior that the Agent Client Protocol defines. Each make starts from it and overrides only its differences. */
import { noticeOf } from "../acp/notice.ts";
import { planOf } from "../acp/progress.ts";
import { limitInMeta } from "../acp/rate_limit_meta.ts";
import { reportedChanges } from "../acp/reported_changes.ts";
import { tokensOf, usageUpdateOf } from "../acp/usage.ts";
import type { AgentMake, Unasked } from "./agent_make.ts";

type Identity =
  | "name"
  | "display_name"
  | "icon"
  | "install"
  | "programs"
  | "recognize";

export const acpMake: Omit<AgentMake, Identity> = {
  standard: undefined,
  node: undefined,
  login: {
    advice: "Log in with the agent's own program, or name the variable of its key in agents.NAME.pass_env.",
    variables: [],
    files: () => [],
    isOptional: false,
  },
  kept: () => ({ writes: [], guards: [] }),
  lineSign: () => undefined,
  environment: () => ({}),
  arguments: () => [],
  client_meta: undefined,
  session_meta: undefined,
  modes: () => [],
  bind: undefined,
  deniedIn: () => undefined,
  isToolOf: () => false,
  hasMode: () => true,
  unasked: likelyUnasked,
  resolves_models: false,
  session_shows_login: false,
  goOn: () => undefined,
  resumes: true,
  obstacleToLoad: () => undefined,
  forgets_ended_turns: false,
  replay_pause_ms: 0,
  helpers: undefined,
  chatter: undefined,
  brokenServers: () => [],
  takes_badly: [],
  lacks_mcp: [],
  tells_writes: false,
  goesOnAfter: () => false,
  inProtocolTerms: (update) => update,
  planOf,
  changesOf: reportedChanges,
  turnSign: () => undefined,
  noticeOf,
  may_go_on: true,
  ownWorkOf: () => undefined,
  troubleOf: (sign, { now_ms }) => sign.from === "update" ? limitInMeta(sign.update, now_ms) : undefined,
  answers_once: false,
  doubtOf: () => undefined,
  tells_cost: undefined,
  tells_each_call: false,
  usageOf: usageUpdateOf,
  tokensOf,
  sums_tokens: false,
  tokensOfCall: () => undefined,
  tokens_scope: undefined,
};

/** What the name of an unknown mode suggests. A guess too many only refuses a mode. */
function likelyUnasked(mode: string): Unasked {
  if (/edit/i.test(mode)) return "edits";
  return /yolo|bypass|full|auto|accept|danger|unrestricted|never|all/i.test(mode) ? "everything" : "nothing";
}
