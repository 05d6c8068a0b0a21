/** How the agent of a running task reaches the server that runs it. */

export interface AgentAccess {
  /** `http://HOST:PORT`, or https. */
  url: string;
  /** The token by which the server knows the agent, until its attempt ends. */
  token: string;
  /** Of the certificate by which the agent's processes know the server; undefined without TLS. */
  fingerprint?: string;
  /** What the agent's processes show to a server that admits nobody without a certificate. It gives no rights. */
  certificate?: ClientPem;
}

/** A client's certificate and its key, both PEM. */
export interface ClientPem {
  cert: string;
  key: string;
}

export const ACCESS_URL = "OPENCODE_AGENTS_TASK_URL";
export const ACCESS_TOKEN = "OPENCODE_AGENTS_TASK_TOKEN";
export const ACCESS_FINGERPRINT = "OPENCODE_AGENTS_TASK_FINGERPRINT";
/** Its value is the certificate and its key, one PEM text after the other. */
export const ACCESS_CERTIFICATE = "OPENCODE_AGENTS_TASK_CERTIFICATE";

/** The variables by which the agent's processes know it; none without access. */
export function accessVariables(access: AgentAccess | undefined): Record<string, string> {
  if (access === undefined) return {};
  const { url, token, fingerprint, certificate } = access;
  return {
    [ACCESS_URL]: url,
    [ACCESS_TOKEN]: token,
    ...fingerprint !== undefined && { [ACCESS_FINGERPRINT]: fingerprint },
    ...certificate && { [ACCESS_CERTIFICATE]: certificate.cert + certificate.key },
  };
}
