/**
 * What an agent offers, as it said at its last start or probe: its version, whether it has an account, its models,
 * modes and commands, and what it accepts. It is a cache for pickers and lists. A task is checked against what the agent
 * says when the task starts.
 */
import * as z from "zod";

/** ok: it has an account to work with. needed: it refused to work without one. unknown: it has not said. */
const AgentLogin = z.enum(["ok", "needed", "unknown"]);
export type AgentLogin = z.infer<typeof AgentLogin>;

const AgentModel = z.object({
  id: z.string(),
  name: z.string().optional(),
  efforts: z.array(z.string()).optional().describe(
    "The values that `execution.effort` may have with this model. Absent if the agent has not told them.",
  ),
});
export type AgentModel = z.infer<typeof AgentModel>;

const AgentMode = z.object({
  id: z.string(),
  name: z.string().optional(),
  description: z.string().optional(),
});
/** A command that a prompt may begin with, as `/name`. */
const AgentCommand = z.object({
  name: z.string(),
  description: z.string().optional(),
  hint: z.string().optional().describe("What the command takes after its name."),
});
export const AgentOffer = z.object({
  found_at: z.string().describe("ISO 8601: when the agent said so."),
  version: z.string().optional(),
  login: AgentLogin,
  models: z.array(AgentModel).optional(),
  model: z.string().optional().describe("The model of a session that chooses none."),
  modes: z.array(AgentMode).optional(),
  commands: z.array(AgentCommand).optional(),
  accepts: z.array(z.string()).describe(
    'What a prompt may contain besides text: "image", "audio", "resource".',
  ),
  mcp: z.array(z.string()).optional().describe(
    'How it reaches the MCP servers of a session: "stdio", "http", "sse".',
  ),
  sessions: z.array(z.string()).optional().describe(
    'What it can do with sessions besides opening them: "load", "resume", "list", "fork", "close", "delete".',
  ),
});
export type AgentOffer = z.infer<typeof AgentOffer>;

/**
 * What one message of the agent has shown. A field that it leaves out stays as it was known; one that is undefined is
 * known no longer, except for `login` and `accepts`.
 */
export type OfferNews = Partial<Omit<AgentOffer, "found_at">>;

/** One value of the store has at most 64 KiB. */
const OFFER_MAX_BYTES = 48 << 10;
const TEXT_MAX = 200;
const COMMANDS_MAX = 200;
const MODES_MAX = 50;
const WORDS_MAX = 20;

/** What is known of the agent after the news. It always fits into one value of the store. */
export function offerAfter(known: AgentOffer | undefined, news: OfferNews, now: string): AgentOffer {
  return bounded({
    ...known,
    ...news,
    login: news.login ?? known?.login ?? "unknown",
    accepts: news.accepts ?? known?.accepts ?? [],
    models: Object.hasOwn(news, "models") ? withEfforts(news.models, known?.models) : known?.models,
    found_at: now,
  });
}

/** Some agents tell only the efforts of the model in force. Those of others stay as they were known. */
function withEfforts(
  models: AgentModel[] | undefined,
  known: AgentModel[] | undefined,
): AgentModel[] | undefined {
  if (known === undefined) return models;
  const efforts = new Map(known.map((model) => [model.id, model.efforts]));
  return models?.map((model) => ({ ...model, efforts: model.efforts ?? efforts.get(model.id) }));
}

/** The same with texts cut, without absent fields, and with lists that lose their end. Models go last: a provider may have hundreds. */
function bounded(offer: AgentOffer): AgentOffer {
  const some = cutTexts({
    ...offer,
    modes: offer.modes?.slice(0, MODES_MAX),
    commands: offer.commands?.slice(0, COMMANDS_MAX),
    accepts: offer.accepts.slice(0, WORDS_MAX),
    mcp: offer.mcp?.slice(0, WORDS_MAX),
    sessions: offer.sessions?.slice(0, WORDS_MAX),
  }) as AgentOffer;
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value) ?? "").length;
  let left = OFFER_MAX_BYTES - bytes({ ...some, models: undefined });
  if (left < 0) return bounded({ ...some, commands: some.commands?.slice(0, some.commands.length / 2) });
  const models = some.models?.filter((model) => (left -= bytes(model) + 1) >= 0);
  return models === undefined ? some : { ...some, models };
}

function cutTexts(value: unknown): unknown {
  if (typeof value === "string") {
    return value.length <= TEXT_MAX ? value : `${value.slice(0, TEXT_MAX - 1).toWellFormed()}…`;
  }
  if (Array.isArray(value)) return value.map(cutTexts);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) => each === undefined ? [] : [[name, cutTexts(each)]]),
  );
}
