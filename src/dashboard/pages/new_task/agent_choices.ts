/** What the form offers for the model, the effort and the mode of a task. Pure. */
import type { ListedAgent } from "../../../protocol/basic_messages.ts";

export interface Offered {
  id: string;
  /** What people call it, if that is not its id. */
  name: string | undefined;
}

export type ChoiceName = "model" | "effort" | "mode";

/** The values that the agent offers, as far as is known. `model`: the one that the form names. */
export function offeredTo(
  choice: ChoiceName,
  agent: Pick<ListedAgent, "model" | "models" | "modes"> | undefined,
  model: string,
): Offered[] {
  const { models = [], modes = [] } = agent ?? {};
  switch (choice) {
    case "model":
      return models.map(({ id, name }) => ({ id, name }));
    case "mode":
      return modes.map(({ id, name, description }) => ({ id, name: description ?? name }));
    case "effort": {
      const named = model.trim() || agent?.model;
      const known = models.find(({ id }) => id === named)?.efforts;
      const all = known ?? [...new Set(models.flatMap(({ efforts }) => efforts ?? []))];
      return all.map((id) => ({ id, name: undefined }));
    }
  }
}
