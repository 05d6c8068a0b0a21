/** The error of an agent's name that no agent has. */
import type { ApiError } from "./errors.ts";
import { fieldProblem, inWords, nearest } from "./field_problem.ts";

/** `names`: those of the agents that there are. */
export function unknownAgent(field: string, name: string, names: readonly string[]): ApiError {
  const suggestion = nearest(name, names);
  const message = `There is no agent '${name}'. Expected: ${inWords(names)}`;
  return fieldProblem("INVALID_FIELD_VALUE", field, name, names, message, suggestion ? { suggestion } : {});
}
