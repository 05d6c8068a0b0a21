/** Finds out what an agent offers: opens a session and closes it. */
import { within } from "../../clock/clock.ts";
import type { OfferNews } from "../../domain/agent_offer.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { AgentRefusal } from "./agent_failure.ts";
import { modelsOf, offerOfNotice, offerOfUpdate } from "./offer.ts";
import type { AgentCall } from "./agent_call.ts";
import { type OpenedSession, openSession, type SessionSteps } from "./session.ts";
import { effortsByModel, settingsOf } from "./session_settings.ts";
import { type Visit, visit } from "./visit.ts";

/** Agents tell their commands and their account soon after they have opened a session. */
const AFTERWARDS_MS = 2_000;
/** Of more models than this, the efforts are asked of the first only. */
const MOST_MODELS = 20;

/** Returns why no session could be opened; undefined if one was. `found` gets what the agent tells. */
export function probeAcp(options: Visit, found: (news: OfferNews) => void): Promise<string | undefined> {
  const told = new Told(found);
  return visit(options, told, (call) => openAndClose(call, told, options));
}

async function openAndClose(
  call: AgentCall,
  told: Told,
  { clock, request, make, bounds }: Visit,
): Promise<void> {
  const found = (news: OfferNews) => told.found(news);
  const opened = await openSession(request, { call, make, bounds, warn: async () => {}, found });
  const { session_id } = opened;
  await tellEfforts(opened, { call, make, found, bound_ms: bounds.setting_ms });
  await within(clock, AFTERWARDS_MS, told.all, undefined);
  // A session that nobody used need not stay in the agent's list.
  for (const ability of ["close", "delete"]) {
    if (!told.sessions.includes(ability)) continue;
    await call(`session/${ability}`, { sessionId: session_id }, bounds.setting_ms).catch(() => {});
  }
}

/** Agents with an option for the effort tell the efforts of the model in force only. So each model is set once. */
async function tellEfforts(
  { session_id, reply }: OpenedSession,
  { call, make, found, bound_ms }: {
    call: AgentCall;
    make: AgentMake;
    found: SessionSteps["found"];
    bound_ms: number;
  },
): Promise<void> {
  const { model, effort } = settingsOf(reply, make);
  if (model?.by.method !== "session/set_config_option" || effort === undefined) return;
  if (effortsByModel(reply).size > 0) return;
  const configId = model.by.option;
  for (const { id } of model.choices.slice(0, MOST_MODELS)) {
    if (id === model.current) continue;
    try {
      const changed = await call(
        "session/set_config_option",
        { sessionId: session_id, configId, value: id },
        bound_ms,
      );
      await found({ models: modelsOf(settingsOf(changed, make)) });
    } catch (error) {
      // Such a model is listed without efforts.
      if (!(error instanceof AgentRefusal)) throw error;
    }
  }
}

/** What the agent tells of itself, and whether all of it has come. */
class Told {
  sessions: readonly string[] = [];
  readonly #found: (news: OfferNews) => void;
  readonly #commands = Promise.withResolvers<void>();
  readonly #login = Promise.withResolvers<void>();
  readonly all = Promise.all([this.#commands.promise, this.#login.promise]);

  constructor(found: (news: OfferNews) => void) {
    this.#found = found;
  }

  // deno-lint-ignore require-await -- the session awaits a promise
  async found(news: OfferNews): Promise<void> {
    if (news.sessions !== undefined) this.sessions = news.sessions;
    if (news.commands !== undefined) this.#commands.resolve();
    if (news.login !== undefined) this.#login.resolve();
    this.#found(news);
  }

  async update(update: WireObject): Promise<void> {
    const news = offerOfUpdate(update);
    if (news !== undefined) await this.found(news);
  }

  async notice(method: string, params: WireObject): Promise<void> {
    const news = offerOfNotice(method, params);
    if (news !== undefined) await this.found(news);
  }
}
