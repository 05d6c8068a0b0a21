/** The sandbox of a run, as its agent's configuration wants it. */
import type { RunRequest } from "../../domain/run_request.ts";
import { enforced, noSandboxes } from "../../domain/sandbox.ts";
import { tenantOf } from "../../domain/tenant_id.ts";
import type { OpenSandbox, SandboxedRun, Sandboxes } from "../../host/sandbox/sandboxes.ts";

/** Undefined for an agent that runs without one. Throws `SERVICE_UNAVAILABLE` if there can be none. */
export async function openSandbox(
  sandboxes: Sandboxes | undefined,
  { request, ...run }: { request: RunRequest } & Pick<SandboxedRun, "env" | "tmp_dir" | "kept">,
): Promise<OpenSandbox | undefined> {
  const { agent, agent_name, working_dir, workspace } = request;
  const sandbox = enforced(agent.sandbox);
  if (sandbox === undefined) return undefined;
  if (sandboxes === undefined) throw noSandboxes(agent_name);
  const tenant = tenantOf(request.task.id);
  return await sandboxes.open({ ...run, sandbox, agent_name, tenant, working_dir, workspace });
}

/** The programs that the agent starts for the session. */
export function programsOf({ mcp_servers = [], own_tools }: RunRequest): string[][] {
  return [...mcp_servers, ...own_tools ? [own_tools.stdio] : []]
    .flatMap(({ command, args = [] }) => command === undefined ? [] : [[command, ...args]]);
}
