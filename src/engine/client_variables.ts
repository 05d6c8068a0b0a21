/** Whether the variables that a task sets are its own to set, and known. */
import type { AgentConfig } from "../domain/agent_config.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { unknownValues } from "../domain/hidden_value.ts";
import { refusedVariables } from "../domain/refused_variables.ts";
import type { Execution } from "../domain/task.ts";

/** Throws `INVALID_FIELD_VALUE` for variables that only the configuration sets, and for values that were masked. */
export function refuseVariables(
  execution: Execution,
  agent: string,
  { allow_env = [] }: Pick<AgentConfig, "allow_env"> = {},
): void {
  const refused = refusedVariables(Object.keys(execution.env ?? {}), allow_env);
  if (refused.length > 0) {
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "task.execution.env",
      refused[0],
      `other names, or those of agents.${agent}.allow_env`,
      `A task may not set ${
        refused.join(", ")
      }, which can make a program run another. An administrator may allow it in ` +
        `agents.${agent}.allow_env, or set it in agents.${agent}.env`,
      { refused, setting: `agents.${agent}.allow_env` },
    );
  }
  const [unknown] = unknownValues(execution);
  if (unknown === undefined) return;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    `task.execution.${unknown.field}`,
    unknown.names[0],
    "the values themselves",
    `The values of ${
      unknown.names.join(", ")
    } are not known: they are masked where they are shown. Give them again`,
    { unknown: unknown.names },
  );
}
