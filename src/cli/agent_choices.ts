/** The words that may follow `--agent`, `--model`, `--effort` and `--mode`, as the agents offer them. Pure. */
import type { ListedAgent } from "../protocol/basic_messages.ts";

export const CHOSEN = ["agent", "model", "effort", "mode"] as const;
export type Chosen = typeof CHOSEN[number];

/** `typed`: the command line so far, which may name the agent and the model. */
export function offeredWords(
  what: Chosen,
  agents: readonly ListedAgent[],
  typed: readonly string[],
): string[] {
  if (what === "agent") return agents.map(({ name }) => name);
  const named = valueOf(typed, "--agent");
  const agent = agents.find(({ name, is_default }) => named === undefined ? is_default : name === named);
  switch (what) {
    case "model":
      return agent?.models?.map(({ id }) => id) ?? [];
    case "mode":
      return agent?.modes?.map(({ id }) => id) ?? [];
    case "effort": {
      const model = valueOf(typed, "--model") ?? agent?.model;
      const of_model = agent?.models?.find(({ id }) => id === model)?.efforts;
      return of_model ?? [...new Set(agent?.models?.flatMap(({ efforts }) => efforts ?? []))];
    }
  }
}

function valueOf(typed: readonly string[], option: string): string | undefined {
  const at = typed.indexOf(option);
  return at >= 0
    ? typed[at + 1]
    : typed.find((word) => word.startsWith(`${option}=`))?.slice(option.length + 1);
}
