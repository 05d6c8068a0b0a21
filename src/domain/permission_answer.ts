/** Finds the option of a permission request that a client's answer selects. Pure. */
import { fieldProblem } from "./field_problem.ts";
import type { PermissionDecision, PermissionOption, PermissionRequest } from "./permission_request.ts";

export interface PermissionAnswer {
  option_id?: string;
  /** Yes or no, this once. */
  decision?: PermissionDecision;
}

/** The option that allows or denies: once rather than always. Undefined when there is none. */
export function narrowestOption(
  options: readonly PermissionOption[],
  decision: PermissionDecision,
): PermissionOption | undefined {
  const kind = decision === "allow" ? "allow" : "reject";
  return options.find((option) => option.kind === `${kind}_once`) ??
    options.find((option) => option.kind === `${kind}_always`);
}

/** Throws `MISSING_REQUIRED_FIELD` for an answer without a choice, `INVALID_FIELD_VALUE` for a choice that is not offered. */
export function chosenOption(
  { option_id, decision }: PermissionAnswer,
  { options }: PermissionRequest,
): PermissionOption {
  if (option_id === undefined && decision === undefined) {
    throw fieldProblem(
      "MISSING_REQUIRED_FIELD",
      "option_id",
      undefined,
      "option_id, or decision",
      "Required field 'option_id' (or 'decision') is missing",
    );
  }
  const kind = decision === "allow" ? "allow_once" : "reject_once";
  const option = options.find((one) =>
    option_id === undefined ? one.kind === kind : one.option_id === option_id
  );
  if (option) return option;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    option_id === undefined ? "decision" : "option_id",
    option_id ?? decision,
    options.map((one) => one.option_id),
  );
}
