/** Valid configurations that `serve` refuses. */
import { type Config, isLoopback } from "../protocol/config.ts";
import { ApiError } from "../domain/errors.ts";

/** Throws `CONFIGURATION_ERROR` for what would be ignored or would expose this machine. */
export function refuseImpossible({ server, security, store }: Config, insecure: boolean): void {
  const asked: [field: string, value: unknown, isAsked: boolean][] = [
    ["server.tls", server.tls, server.tls !== undefined],
    ["store.url", store.url, store.url !== undefined],
  ];
  const missing = asked.find(([, , isAsked]) => isAsked);
  if (missing) {
    const [field, value] = missing;
    throw new ApiError(
      "CONFIGURATION_ERROR",
      `${field}: ${JSON.stringify(value)} is not available in this version`,
      { field },
    );
  }
  if (isLoopback(server.host) || security.auth === "required" || insecure) return;
  throw new ApiError(
    "CONFIGURATION_ERROR",
    `Refusing to listen on ${server.host} without authentication: anybody who reaches it could run programs here. ` +
      'Set security.auth to "required" (and make a key with `opencode-agents keys create`), listen on 127.0.0.1, ' +
      "or give --insecure if the network is yours alone.",
    {
      field: "server.host",
      value: server.host,
      expected: "a loopback address, security.auth, or --insecure",
    },
  );
}
