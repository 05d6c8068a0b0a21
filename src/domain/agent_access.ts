/** How the agent of a running task reaches the server that runs it. */

export interface AgentAccess {
  /** `http://HOST:PORT` */
  url: string;
  /** The token by which the server knows the agent, until its attempt ends. */
  token: string;
}

export const ACCESS_URL = "OPENCODE_AGENTS_TASK_URL";
export const ACCESS_TOKEN = "OPENCODE_AGENTS_TASK_TOKEN";

/** The variables by which the agent's processes know it; none without access. */
export function accessVariables(access: AgentAccess | undefined): Record<string, string> {
  return access === undefined ? {} : { [ACCESS_URL]: access.url, [ACCESS_TOKEN]: access.token };
}
