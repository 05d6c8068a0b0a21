/** Sets what a task chooses in its session: the model, the effort and the mode. What is not offered fails the task. */
import type { RunRequest } from "../../domain/run_request.ts";
import { AgentFailure, AgentRefusal, NotOffered } from "./agent_failure.ts";
import { modelsOf } from "./offer.ts";
import type { OpenedSession, SessionSteps } from "./session.ts";
import {
  type Choice,
  chosen,
  type Setting,
  type SettingName,
  settingsAfter,
  settingsOf,
} from "./session_settings.ts";
import { enforced } from "../../domain/sandbox.ts";
import { tooFree } from "./mode_freedom.ts";

/** Sets the mode in which the agent asks, and what the task chooses. Throws `NotOffered` with the choices. */
export async function setUpSession(
  request: RunRequest,
  opened: OpenedSession,
  steps: SessionSteps,
): Promise<void> {
  const { call, make, bounds, warn, found } = steps;
  let settings = settingsOf(opened.reply, make);

  await setMode();
  // The efforts depend on the model.
  await setWanted("model");
  if (request.model !== undefined) await found({ models: modelsOf(settings) });
  await setWanted("effort");

  async function setMode(): Promise<void> {
    if (request.mode !== undefined) return await setWanted("mode");
    const setting = settings.mode;
    const modes = make.modes(request.permissions, enforced(request.agent.sandbox) !== undefined);
    const preferred = modes.find((candidate) => setting?.choices.some(({ id }) => id === candidate));
    if (setting !== undefined && preferred !== undefined) return await set(setting, preferred);
    if (modes.length === 0) return;
    const lacks = setting === undefined
      ? `The agent offers no modes, so not '${modes[0]}'`
      : `The agent has no mode '${modes.join("' or '")}'`;
    // One without any modes may be an old version. What else binds it holds.
    if (request.permissions === "allow" || setting === undefined) {
      return await warn(setting === undefined ? lacks : `${lacks}; it stays in '${setting.current}'`);
    }
    throw new AgentFailure(
      `${lacks}, without which permissions: "${request.permissions}" cannot hold it back. ` +
        choicesText("modes", setting.choices),
    );
  }

  async function setWanted(name: SettingName): Promise<void> {
    const wanted = request[name];
    if (wanted === undefined) return;
    const setting = settings[name];
    // A resumed session keeps what was set before. Not every agent tells again what there is.
    if (setting === undefined && opened.resumed) return;
    const choice = setting && chosen(wanted, setting);
    if (setting !== undefined && choice !== undefined) {
      if (name === "mode") refuseTooFree(choice, setting);
      return await set(setting, choice.id);
    }
    if (setting !== undefined && name === "model" && make.resolves_models) {
      if (await isResolved(setting, wanted)) return;
    }
    throw notOffered(name, wanted, setting?.choices ?? []);
  }

  function refuseTooFree({ id }: Choice, { choices }: Setting): void {
    if (!tooFree(make, id, request.permissions)) return;
    const bound = choices.filter((one) => !tooFree(make, one.id, request.permissions));
    throw new NotOffered(
      `Mode '${id}' lets the agent act without asking, which permissions: "${request.permissions}" does not ` +
        `allow. ${choicesText("modes", bound)}`,
      { field: "task.execution.mode", value: id, expected: idsOf(bound), permissions: request.permissions },
    );
  }

  async function set({ by, current }: Setting, id: string): Promise<void> {
    if (id === current) return;
    const sessionId = opened.session_id;
    const params = by.method === "session/set_config_option"
      ? { configId: by.option, value: id }
      : by.method === "session/set_mode"
      ? { modeId: id }
      : { modelId: id };
    const reply = await call(by.method, { sessionId, ...params }, bounds.setting_ms);
    settings = settingsAfter(settings, reply, make);
  }

  /** Such an agent knows more names of its models than it lists. It refuses those that it does not know. */
  async function isResolved(setting: Setting, wanted: string): Promise<boolean> {
    try {
      await set(setting, wanted);
    } catch (error) {
      if (error instanceof AgentRefusal) return false;
      throw error;
    }
    const { current } = settings.model ?? setting;
    if (current !== wanted) await warn(`The agent takes the model '${wanted}' for '${current}'`);
    return true;
  }
}

function notOffered(name: SettingName, wanted: string, choices: Choice[]): NotOffered {
  const details = { field: `task.execution.${name}`, value: wanted, expected: idsOf(choices) };
  if (choices.length === 0) {
    return new NotOffered(`The agent offers no choice of its ${name}, so not '${wanted}'`, details);
  }
  return new NotOffered(`The agent has no ${name} '${wanted}'. ${choicesText(`${name}s`, choices)}`, details);
}

const MOST_CHOICES = 50;
const LONGEST_LIST = 700;

function idsOf(choices: readonly Choice[]): string[] {
  return choices.slice(0, MOST_CHOICES).map(({ id }) => id);
}

function choicesText(what: string, choices: readonly Choice[]): string {
  const ids: string[] = [];
  for (const id of idsOf(choices)) {
    if (ids.join(", ").length + id.length > LONGEST_LIST) break;
    ids.push(id);
  }
  const more = choices.length - ids.length;
  return `Its ${what}: ${ids.join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}
