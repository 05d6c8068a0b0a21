/**
 * What a session lets its client choose: the model, the effort and the mode. Agents tell it in two ways: the older lists
 * `modes` and `models`, and the newer `configOptions`, whose categories say what they are for. Pure.
 */
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { listOf, objectOf, objectsOf, textOf } from "./wire_value.ts";

export type SettingName = "model" | "effort" | "mode";

export interface Choice {
  id: string;
  name?: string;
  description?: string;
}

export interface Setting {
  /** The request that sets it. */
  by: { method: "session/set_mode" | "session/set_model" } | {
    method: "session/set_config_option";
    option: string;
  };
  choices: Choice[];
  /** The id in force, which need not be among the choices. */
  current: string | undefined;
}

export type Settings = Partial<Record<SettingName, Setting>>;

/** Besides the protocol's category, what agents call it. */
const CATEGORIES: Record<SettingName, readonly string[]> = {
  model: ["model"],
  effort: ["thought_level", "thinking"],
  mode: ["mode"],
};

/** The settings in a reply of the agent. */
export function settingsOf(reply: WireObject, { hasMode }: Pick<AgentMake, "hasMode">): Settings {
  const settings: Settings = {};
  for (const name of ["model", "effort", "mode"] as const) {
    const setting = optionOf(reply, CATEGORIES[name]);
    if (setting !== undefined) settings[name] = setting;
  }
  settings.mode ??= listed(reply.modes, "session/set_mode", "availableModes", "id", "currentModeId");
  settings.model ??= listed(
    reply.models,
    "session/set_model",
    "availableModels",
    "modelId",
    "currentModelId",
  );
  if (settings.mode !== undefined) {
    settings.mode = { ...settings.mode, choices: settings.mode.choices.filter(hasMode) };
  }
  return settings;
}

/** The settings after a change. The reply to a changed option has all options as they are then. */
export function settingsAfter(
  before: Settings,
  reply: WireObject,
  make: Pick<AgentMake, "hasMode">,
): Settings {
  if (reply.configOptions === undefined) return before;
  const listed = Object.entries(before).filter(([, { by }]) => by.method !== "session/set_config_option");
  return { ...Object.fromEntries(listed), ...settingsOf(reply, make) };
}

/**
 * The choice that `wanted` names: its id, else, if only one choice fits, its id or name in any case, else the last part
 * of its id (`sonnet` of `anthropic/sonnet`).
 */
export function chosen(
  wanted: string,
  { choices, current }: Pick<Setting, "choices" | "current">,
): Choice | undefined {
  // The one in force works, whether it is listed or not.
  const exact = choices.find(({ id }) => id === wanted) ?? (wanted === current ? { id: wanted } : undefined);
  if (exact !== undefined) return exact;
  const low = wanted.toLowerCase();
  const ways: ((choice: Choice) => string | undefined)[] = [
    ({ id }) => id,
    ({ name }) => name,
    ({ id }) => id.split("/").at(-1),
  ];
  for (const way of ways) {
    const fitting = choices.filter((choice) => way(choice)?.toLowerCase() === low);
    if (fitting.length > 0) return fitting.length === 1 ? fitting[0] : undefined;
  }
  return undefined;
}

/** The efforts of each model, where the list of models has an entry for each pair, such as `gpt-5[high]`. */
export function effortsByModel(reply: WireObject): Map<string, string[]> {
  const efforts = new Map<string, string[]>();
  for (const { modelId } of objectsOf(objectOf(reply.models)?.availableModels)) {
    const [, model, effort] = /^(.+)\[([^\]]+)\]$/.exec(textOf(modelId) ?? "") ?? [];
    if (model !== undefined && effort !== undefined) {
      efforts.set(model, [...efforts.get(model) ?? [], effort]);
    }
  }
  return efforts;
}

function optionOf(reply: WireObject, categories: readonly string[]): Setting | undefined {
  const options = objectsOf(reply.configOptions).filter(({ category, type }) =>
    categories.some((one) => one === category) && type !== "boolean"
  );
  // Cline has its provider under `model` too.
  const option = options.find(({ id, category }) => id === category) ?? options[0];
  const id = textOf(option?.id);
  if (option === undefined || id === undefined) return undefined;
  return {
    by: { method: "session/set_config_option", option: id },
    choices: listOf(option.options).flatMap((one) => {
      const group = objectOf(one)?.options;
      return choicesOf(group === undefined ? [one] : group, "value");
    }),
    current: textOf(option.currentValue),
  };
}

function listed(
  list: unknown,
  method: "session/set_mode" | "session/set_model",
  choices: string,
  id: string,
  current: string,
): Setting | undefined {
  const told = objectOf(list);
  return told && { by: { method }, choices: choicesOf(told[choices], id), current: textOf(told[current]) };
}

function choicesOf(list: unknown, key: string): Choice[] {
  return objectsOf(list).flatMap((item) => {
    const id = textOf(item[key]);
    if (id === undefined) return [];
    const choice: Choice = { id };
    const name = textOf(item.name);
    const description = textOf(item.description);
    if (name !== undefined && name !== id) choice.name = name;
    if (description !== undefined) choice.description = description;
    return [choice];
  });
}
