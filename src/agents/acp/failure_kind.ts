/** Which kind of failure a status, a name or a text stands for. Pure. */
import type { FailureKind } from "../../domain/failure.ts";

/** The kind of failure that an HTTP status of the model's provider stands for; undefined: no answer at all. */
export function kindOfStatus(status: number | undefined): FailureKind {
  if (status === undefined) return "network";
  if (status === 401 || status === 403) return "needs_login";
  if (status === 402 || status === 429) return "provider_limit";
  if (status === 408 || status >= 500) return "overloaded";
  return "refused";
}

/** Known texts of providers and agents. The first that fits decides. */
const TEXTS: readonly (readonly [RegExp, FailureKind])[] = [
  [/content[_ ](filter|policy|management)|safety (classifier|filter|system)/i, "refused"],
  [/too many tokens.*\b(wait|again|per (day|minute))\b/i, "provider_limit"],
  [
    /prompt is too long|context (length|window|limit)|token limit (reached|exceeded)|maximum context|too many (input )?tokens|(input )?token count.{0,40}exceeds|exceeds? (the )?(model'?s )?max(imum)? (context|(number of )?(input )?tokens)/i,
    "context_overflow",
  ],
  [
    /\b(usage|rate|session|spend(ing)?|weekly|daily|monthly|hourly)[ _-]limit|(?<!\b(memory|time|turns?|iterations?|recursion|nesting|depth|budget|size|length|steps?|stack|files?|watch|subagents?|process(es)?) )limit (reached|exceeded)|(hit|reached|exceeded) your .{0,30}\blimit|rate[- ]limited|too many requests|(?<!\bdisk )quota|\b429\b|resource (has been )?exhausted|out of (extra )?(usage|credits)|insufficient (balance|credit)|credit balance|credits are depleted|billing hard limit|payment required/i,
    "provider_limit",
  ],
  [
    /api[ _-]?key|invalid (x-)?(api[ _-]?)?key|unauthori[sz]ed|authenticat|\b401\b|credentials?\b|log(ged)? ?(in|out)\b|sign in/i,
    "needs_login",
  ],
  [
    /overload|high demand|at capacity|unavailable|\b(status|http|error|code)\b\W{0,4}(code\W{0,4})?5\d\d\b|internal server error|bad gateway|gateway time-?out/i,
    "overloaded",
  ],
  [
    /network|connect|socket|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|fetch failed|timed? ?out|stream (closed|ended)|disconnected|terminated/i,
    "network",
  ],
];

/** The kind of failure that a text tells; undefined if it fits none. Only for what is said of a failure. */
export function kindOfText(text: string): FailureKind | undefined {
  return TEXTS.find(([pattern]) => pattern.test(text))?.[1];
}

/** Names of errors → their kind. Without case and punctuation, so `rate_limit_error` and `rateLimitError` are one. */
const NAMES: Readonly<Record<string, FailureKind>> = {
  // Claude Code, and the API of Anthropic.
  ratelimit: "provider_limit",
  ratelimited: "provider_limit",
  ratelimiterror: "provider_limit",
  billingerror: "provider_limit",
  accountonhold: "provider_limit",
  usagelimit: "provider_limit",
  overloaded: "overloaded",
  overloadederror: "overloaded",
  authenticationfailed: "needs_login",
  authenticationerror: "needs_login",
  oauthorgnotallowed: "needs_login",
  verificationrequired: "needs_login",
  cloudcredentialerror: "needs_login",
  maxoutputtokens: "context_overflow",
  transportlost: "agent_crashed",
  workershutdown: "agent_crashed",
  // Codex, and the APIs of OpenAI.
  usagelimitexceeded: "provider_limit",
  usagelimitreached: "provider_limit",
  usagenotincluded: "provider_limit",
  ratelimitexceeded: "provider_limit",
  insufficientquota: "provider_limit",
  quotaexceeded: "provider_limit",
  quotaexhausted: "provider_limit",
  toomanyrequests: "provider_limit",
  sessionbudgetexceeded: "budget",
  budgetexhausted: "budget",
  serveroverloaded: "overloaded",
  serverisoverloaded: "overloaded",
  slowdown: "overloaded",
  flexunavailable: "overloaded",
  unauthorized: "needs_login",
  authrequired: "needs_login",
  invalidapikey: "needs_login",
  contextwindowexceeded: "context_overflow",
  contextlengthexceeded: "context_overflow",
  contextexhausted: "context_overflow",
  // The APIs of Google.
  resourceexhausted: "provider_limit",
  unauthenticated: "needs_login",
  // OpenCode.
  freeusagelimiterror: "provider_limit",
  gousagelimiterror: "provider_limit",
  providerautherror: "needs_login",
  contextoverflowerror: "context_overflow",
};

/** Names that say less than the text beside them may. */
const VAGUE_NAMES: Readonly<Record<string, FailureKind>> = {
  servererror: "overloaded",
  apierror: "overloaded",
  internalservererror: "overloaded",
  timeouterror: "overloaded",
  unavailable: "overloaded",
  deadlineexceeded: "overloaded",
  httpconnectionfailed: "network",
  responsestreamconnectionfailed: "network",
  responsestreamdisconnected: "network",
  responsetoomanyfailedattempts: "network",
};

/** The kind that the name of an error stands for; undefined if it is not known. */
export function kindOfName(name: string, isVague = false): FailureKind | undefined {
  const names = isVague ? VAGUE_NAMES : NAMES;
  const found = plainName(name);
  return Object.hasOwn(names, found) ? names[found] : undefined;
}

/** A name without case and punctuation. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, "");
}
