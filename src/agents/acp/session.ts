/** Brings a connected agent to a session that is ready for its prompt. */
import type { RunRequest } from "../../domain/run.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { AgentFailure, AgentRefusal, SessionLost } from "./agent_failure.ts";
import { clientAbilities } from "./client_abilities.ts";
import { cut, listOf, objectOf, objectsOf, textOf } from "./wire_value.ts";

/**
 * Sends one request. Rejects with `AgentFailure` if it is refused or not answered within `bound_ms`. `of_silence`: the
 * bound begins again with whatever the agent sends, up to ten times as long.
 */
export type AgentCall = (
  method: string,
  params: WireObject,
  bound_ms: number,
  of_silence?: "of_silence",
) => Promise<WireObject>;

export interface SessionBounds {
  initialize_ms: number;
  /** `session/new`. */
  session_ms: number;
  /** How long an agent that loads a session may be silent. It replays the session meanwhile. */
  load_ms: number;
  /** Setting mode and model. */
  setting_ms: number;
}

export interface OpenedSession {
  session_id: string;
  /** Whether a later process may load the session. */
  resumable: boolean;
  /** Whether the earlier session continues. */
  resumed: boolean;
  /** The agent's reply, with the modes, models and options that it offers. */
  reply: WireObject;
}

export interface SessionSteps {
  call: AgentCall;
  make: AgentMake;
  bounds: SessionBounds;
  warn: (message: string) => Promise<void>;
}

const PROTOCOL_VERSION = 1;

/**
 * Sends `initialize`, then opens the earlier session if the agent can, else a new one. Throws `SessionLost` if another
 * process should begin a new one.
 */
export async function openSession(request: RunRequest, steps: SessionSteps): Promise<OpenedSession> {
  const { call, make, bounds } = steps;
  const hello = await greet();
  if (hello.protocolVersion !== PROTOCOL_VERSION) {
    throw new AgentFailure(
      `The agent speaks version ${cut(String(hello.protocolVersion), 20)} of the Agent Client Protocol, ` +
        `this server version ${PROTOCOL_VERSION}`,
    );
  }
  const abilities = objectOf(hello.agentCapabilities) ?? {};
  const load = abilities.loadSession === true;
  const resume = objectOf(objectOf(abilities.sessionCapabilities)?.resume) !== undefined;
  const resumable = make.resumes && (load || resume);
  const place = { cwd: request.working_dir, mcpServers: [] };

  const earlier = resumable ? request.resume?.session_id : undefined;
  if (earlier !== undefined) {
    try {
      // Loading replays the history, which shows whether the prompt ever arrived. Resuming does not.
      const method = load ? "session/load" : "session/resume";
      const reply = await call(method, { sessionId: earlier, ...place }, bounds.load_ms, "of_silence");
      return { session_id: earlier, resumable, resumed: true, reply };
    } catch (error) {
      if (!(error instanceof AgentFailure)) throw error;
      // An agent that has died, hangs or talks nonsense will not open a new session either.
      if (!(error instanceof AgentRefusal)) throw new SessionLost(error);
      await steps.warn(`The earlier session cannot be resumed, a new one begins: ${error.message}`);
    }
  }
  try {
    const reply = await call("session/new", place, bounds.session_ms);
    const session_id = textOf(reply.sessionId);
    if (session_id !== undefined) return { session_id, resumable, resumed: false, reply };
    throw new AgentFailure("The agent answered session/new without a session id");
  } catch (error) {
    // The attempt to load a session may have broken the process.
    throw earlier !== undefined && error instanceof AgentFailure ? new SessionLost(error) : error;
  }

  async function greet(): Promise<WireObject> {
    try {
      return await call("initialize", {
        protocolVersion: PROTOCOL_VERSION,
        clientCapabilities: clientAbilities(make),
        clientInfo: { name: "opencode-agents", version: "1.0.0" },
      }, bounds.initialize_ms);
    } catch (error) {
      // What the earlier process left may be in the way. Another start costs no more than the session.
      const isDead = error instanceof AgentFailure && !(error instanceof AgentRefusal);
      throw isDead && request.resume !== undefined ? new SessionLost(error) : error;
    }
  }
}

/** Sets the mode in which the agent asks, and the task's model. */
export async function setUpSession(
  request: RunRequest,
  opened: OpenedSession,
  steps: SessionSteps,
): Promise<void> {
  const { call, make, bounds } = steps;
  const sessionId = opened.session_id;
  const options = objectsOf(opened.reply.configOptions);

  const modes = objectOf(opened.reply.modes);
  const mode_option = options.find((option) => option.category === "mode");
  const offered = modes === undefined ? valuesOf(mode_option) : idsOf(modes.availableModes, "id");
  const current = modes === undefined ? mode_option?.currentValue : modes.currentModeId;
  const mode = make.modes.find((candidate) => offered.includes(candidate));
  if (mode !== undefined && mode !== current) {
    if (modes !== undefined) await call("session/set_mode", { sessionId, modeId: mode }, bounds.setting_ms);
    else await setOption(mode_option, mode);
  } else if (mode === undefined && make.modes.length > 0) {
    await steps.warn(
      `The agent offers none of the modes ${make.modes.join(", ")}; its own stays: ${current}`,
    );
  }

  const { model } = request;
  if (model === undefined) return;
  const model_option = options.find((option) => option.category === "model");
  const models = objectOf(opened.reply.models);
  if (model_option !== undefined) {
    if (model_option.currentValue !== model) await setOption(model_option, model);
  } else if (models !== undefined) {
    if (models.currentModelId !== model) {
      await call("session/set_model", { sessionId, modelId: model }, bounds.setting_ms);
    }
  } else {
    await steps.warn(`The agent offers no choice of models; '${model}' is left to its own configuration`);
  }

  async function setOption(option: WireObject | undefined, value: string): Promise<void> {
    await call("session/set_config_option", { sessionId, configId: option?.id, value }, bounds.setting_ms);
  }
}

function idsOf(list: unknown, key: string): string[] {
  return listOf(list).flatMap((item) => textOf(objectOf(item)?.[key]) ?? []);
}

/** The values of a select option, whose choices may be grouped. */
function valuesOf(option: WireObject | undefined): string[] {
  return listOf(option?.options).flatMap((item) => {
    const group = objectOf(item)?.options;
    return group === undefined ? idsOf([item], "value") : idsOf(group, "value");
  });
}
