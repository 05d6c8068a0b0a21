/** Valid configurations that `serve` refuses. */
import { type Config, isLoopback } from "../protocol/config.ts";
import { ApiError } from "../domain/errors.ts";

/** Throws `CONFIGURATION_ERROR` for what would be ignored or would expose this machine. */
export function refuseImpossible({ server, security }: Config, insecure: boolean): void {
  if (server.tls !== undefined) refuseImpossibleTls(server.tls, server.transport);
  if (isLoopback(server.host) || insecure) return;
  if (security.auth !== "required") {
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
  if (server.tls !== undefined || server.trusted_proxies.length > 0 || server.tls_in_front) return;
  throw new ApiError(
    "CONFIGURATION_ERROR",
    `Refusing to listen on ${server.host} without TLS: whoever is on the way could read the keys of clients. Set ` +
      "server.tls (`opencode-agents tls init` makes a certificate); behind a proxy that encrypts, set " +
      "server.trusted_proxies or server.tls_in_front; or give --insecure if the network is yours alone.",
    {
      field: "server.host",
      value: server.host,
      expected: "server.tls, server.trusted_proxies, server.tls_in_front, or --insecure",
    },
  );
}

function refuseImpossibleTls(tls: NonNullable<Config["server"]["tls"]>, transport: string): void {
  if (transport === "fast") {
    throw new ApiError("CONFIGURATION_ERROR", "server.tls needs the hardened transport", {
      field: "server.transport",
      value: transport,
      expected: "auto or hardened",
    });
  }
  if (tls.client_certs !== "none" && tls.client_ca === undefined) {
    throw new ApiError(
      "CONFIGURATION_ERROR",
      `server.tls.client_certs is "${tls.client_certs}", but no authority of clients' certificates is given`,
      { field: "server.tls.client_ca", expected: "a PEM file" },
    );
  }
}
