/** Reads what an agent offers from what it says at its start. Pure. */
import type { AgentLogin, AgentModel, OfferNews } from "../../domain/agent_offer.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { effortsByModel, type Settings, settingsOf } from "./session_settings.ts";
import { listOf, objectOf, objectsOf, textOf } from "./wire_value.ts";

/** What the protocol calls its abilities, and what they are called here. */
const CONTENT = { image: "image", audio: "audio", embeddedContext: "resource" };
const TRANSPORTS = ["http", "sse"];
const SESSION_ABILITIES = ["resume", "list", "fork", "close", "delete"];

/** From the reply to `initialize`. */
export function offerOfGreeting(hello: WireObject, { lacks_mcp }: Pick<AgentMake, "lacks_mcp">): OfferNews {
  const abilities = objectOf(hello.agentCapabilities) ?? {};
  const content = objectOf(abilities.promptCapabilities) ?? {};
  const transports = objectOf(abilities.mcpCapabilities) ?? {};
  const sessions = objectOf(abilities.sessionCapabilities) ?? {};
  return {
    version: textOf(objectOf(hello.agentInfo)?.version),
    accepts: Object.entries(CONTENT).filter(([told]) => content[told] === true).map(([, name]) => name),
    // The protocol requires stdio of every agent.
    mcp: ["stdio", ...TRANSPORTS.filter((name) => transports[name] === true)]
      .filter((name) => !lacks_mcp.some((one) => one === name)),
    sessions: [
      ...abilities.loadSession === true ? ["load"] : [],
      ...SESSION_ABILITIES.filter((name) => objectOf(sessions[name]) !== undefined),
    ],
  };
}

/** Whether it takes messages into a running turn, from its reply to `initialize`. */
export function isSteerable(hello: WireObject): boolean {
  return objectOf(objectOf(hello._meta)?.steering)?.supported === true;
}

/** From the reply that opened a session, after the reply to `initialize`. */
export function offerOfSession(hello: WireObject, reply: WireObject, make: AgentMake): OfferNews {
  const settings = settingsOf(reply, make);
  const { model, mode } = settings;
  const models = modelsOf(settings, effortsByModel(reply));
  return { models, model: model?.current, modes: mode?.choices, login: loginOf(hello, make) };
}

/** The models in these settings. `told`: the efforts that are known of each besides. */
export function modelsOf(
  { model, effort }: Settings,
  told: ReadonlyMap<string, string[]> = new Map(),
): AgentModel[] | undefined {
  return model?.choices.map(({ id, name }): AgentModel => {
    // The option for the effort belongs to the model in force.
    const efforts = id === model.current ? effort?.choices.map((choice) => choice.id) : undefined;
    return { id, name, efforts: efforts ?? told.get(id) };
  });
}

/** What an open session shows of the agent's account; undefined for nothing new. */
function loginOf(hello: WireObject, make: AgentMake): AgentLogin | undefined {
  // Such an agent says in a notification whether it has one.
  if (objectOf(objectOf(objectOf(hello.agentCapabilities)?._meta)?.authStatus) !== undefined) {
    return undefined;
  }
  return make.session_shows_login || listOf(hello.authMethods).length === 0 ? "ok" : "unknown";
}

/** From a session's update about its commands; undefined for other updates. */
export function offerOfUpdate(update: WireObject): OfferNews | undefined {
  if (update.sessionUpdate !== "available_commands_update") return undefined;
  const commands = objectsOf(update.availableCommands).flatMap(({ name, description, input }) => {
    const word = textOf(name);
    if (word === undefined) return [];
    return [{ name: word, description: textOf(description), hint: textOf(objectOf(input)?.hint) }];
  });
  return { commands };
}

/** From a notification that belongs to no session; undefined for those that say nothing of it. */
export function offerOfNotice(method: string, params: WireObject): OfferNews | undefined {
  // An extension of the protocol that some adapters share.
  if (method !== "_auth/status_update") return undefined;
  const kind = textOf(objectOf(params.authStatus)?.kind);
  return kind === undefined ? undefined : { login: kind === "none" ? "needed" : "ok" };
}
