/** Why a task or an attempt failed: a kind of a closed list, which programs act on, and a text for people. */
import * as z from "zod";

const MEANINGS = {
  provider_limit: "The model's provider refuses the agent for a time.",
  overloaded: "The model's provider, or this machine, has too much to do.",
  network: "The connection to the model was lost or could not be made.",
  agent_crashed: "The agent's process ended in the middle of its work.",
  unresponsive: "The agent gave no sign of life, or no answer in time.",
  refused: "The agent or its model refused the work.",
  permission_denied: "A permission that the work needs was denied.",
  check_failed: "A check of the result failed.",
  timeout: "The turn took longer than the task's timeout.",
  not_installed:
    "The agent cannot be started here: its program, its folder or a setting is missing or wrong.",
  needs_login: "The agent has no account, or its key is not accepted.",
  context_overflow: "The model's limit of tokens is reached.",
  conflict: "The state of a repository or folder does not allow the work.",
  dependency: "A task that this one depends on failed or was cancelled.",
  budget: "A bound on cost, tokens or requests is reached.",
  command_failed: "The command ended with an exit code other than 0, or by a signal.",
  bug: "The server failed, or the agent broke its protocol.",
} as const;

export type FailureKind = keyof typeof MEANINGS;

export const FailureKind = z.enum(Object.keys(MEANINGS) as FailureKind[]).describe(
  Object.entries(MEANINGS).map(([kind, meaning]) => `${kind}: ${meaning}`).join(" "),
);

/** `message`: as in `error`, at most 1,000 characters. */
export const Failure = z.object({ kind: FailureKind, message: z.string() });
export type Failure = z.infer<typeof Failure>;
