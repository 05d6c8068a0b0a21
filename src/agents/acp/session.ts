/** Brings a connected agent to a session that is ready for its prompt. */
import type { RunRequest } from "../../domain/run_request.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import type { AgentCall, SessionBounds } from "./agent_call.ts";
import type { OfferNews } from "../../domain/agent_offer.ts";
import { AgentFailure, AgentRefusal, SessionLost, StartFailed } from "./agent_failure.ts";
import { cannotGoOn, refusedToLoad, requireOfFolder } from "./adopted_session.ts";
import { greet, requireVersion } from "./greeting.ts";
import { mcpServersFor } from "./mcp_servers.ts";
import { isSteerable, offerOfGreeting, offerOfSession } from "./offer.ts";
import { merged, objectOf, textOf } from "./wire_value.ts";

export interface OpenedSession {
  session_id: string;
  /** Whether a later process may load the session. */
  resumable: boolean;
  /** Whether the earlier session continues. */
  resumed: boolean;
  /** Whether the agent has replayed what the session holds. */
  replayed: boolean;
  /** Whether it takes messages into a running turn. */
  steerable: boolean;
  /** The agent's reply, with the modes, models and options that it offers. */
  reply: WireObject;
}

export interface SessionSteps {
  call: AgentCall;
  make: AgentMake;
  bounds: SessionBounds;
  warn: (message: string) => Promise<void>;
  /** Called with what the agent turns out to offer. */
  found: (news: OfferNews) => Promise<void>;
}

/**
 * Sends `initialize`, then opens the earlier session if the agent can, else a new one. Throws `SessionLost` if another
 * process should begin a new one, `StartFailed` if another process should open the earlier one, and `NotOffered` for an MCP
 * server that the agent cannot reach, or a session that the task must go on with and that cannot be had.
 */
export async function openSession(request: RunRequest, steps: SessionSteps): Promise<OpenedSession> {
  const { call, make, bounds } = steps;
  const hello = await greeting();
  requireVersion(hello);
  await steps.found(offerOfGreeting(hello, make));
  const abilities = objectOf(hello.agentCapabilities) ?? {};
  const load = abilities.loadSession === true;
  const resume = objectOf(objectOf(abilities.sessionCapabilities)?.resume) !== undefined;
  const resumable = make.resumes && (load || resume);
  const steerable = isSteerable(hello);
  const mcpServers = mcpServersFor(request, hello, make);
  const adopted = request.resume?.adopted ? request.resume.session_id : undefined;
  if (adopted !== undefined && !resumable) throw cannotGoOn(adopted, "it goes on with none");
  await requireOfFolder(request, hello, call, bounds.session_ms);
  const place: WireObject = { cwd: request.working_dir, mcpServers };
  const meta = merged(make.session_meta ?? {}, make.bind?.(request).session_meta ?? {});
  if (Object.keys(meta).length > 0) place._meta = meta;

  const earlier = resumable ? request.resume?.session_id : undefined;
  if (earlier !== undefined) {
    try {
      // Loading replays the history, which shows whether the prompt ever arrived. Resuming does not.
      const method = load ? "session/load" : "session/resume";
      const reply = await call(method, { sessionId: earlier, ...place }, bounds.load_ms, "of_silence");
      await steps.found(offerOfSession(hello, reply, make));
      return { session_id: earlier, resumable, resumed: true, replayed: load, steerable, reply };
    } catch (error) {
      if (!(error instanceof AgentFailure)) throw error;
      // An agent that has died, hangs or talks nonsense will not open a new session either.
      if (!(error instanceof AgentRefusal)) throw new SessionLost(error);
      if (adopted !== undefined) throw refusedToLoad(error, adopted);
      await steps.warn(`The earlier session cannot be resumed, a new one begins: ${error.message}`);
    }
  }
  try {
    const reply = await call("session/new", place, bounds.session_ms);
    const session_id = textOf(reply.sessionId);
    if (session_id === undefined) {
      throw new AgentFailure("The agent answered session/new without a session id");
    }
    await steps.found(offerOfSession(hello, reply, make));
    return { session_id, resumable, resumed: false, replayed: false, steerable, reply };
  } catch (error) {
    if (error instanceof AgentRefusal && error.wants_login) await steps.found({ login: "needed" });
    // The attempt to load a session may have broken the process.
    throw earlier !== undefined && error instanceof AgentFailure ? new SessionLost(error) : error;
  }

  async function greeting(): Promise<WireObject> {
    try {
      return await greet(steps);
    } catch (error) {
      // What the earlier process left may be in the way.
      const isDead = error instanceof AgentFailure && !(error instanceof AgentRefusal);
      throw isDead && request.resume !== undefined ? new StartFailed(error) : error;
    }
  }
}
