/** Whether an agent's sandbox can be made. */
import { ApiError } from "../domain/errors.ts";
import { noSandboxes, type Sandbox } from "../domain/sandbox.ts";
import type { Sandboxes } from "../host/sandbox/sandboxes.ts";

/** Why the sandbox cannot be made now: `SERVICE_UNAVAILABLE`; undefined if it can. */
export async function obstacleToSandbox(
  sandboxes: Pick<Sandboxes, "require"> | undefined,
  agent: string,
  sandbox: Sandbox,
): Promise<ApiError | undefined> {
  if (sandboxes === undefined) return noSandboxes(agent);
  try {
    await sandboxes.require(agent, sandbox);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}
