/** Valid configurations that `serve` refuses. */
import { type Config, isLoopback } from "../protocol/config.ts";
import { ApiError } from "../domain/errors.ts";

/** Throws `CONFIGURATION_ERROR` for what would be ignored or would expose this machine. */
export function refuseImpossible({ server, security, audit }: Config, insecure: boolean): void {
  if (server.tls !== undefined) refuseImpossibleTls(server.tls, server.transport);
  if (server.api === "v2") refuseBelowVersion2({ server, security, audit });
  // What version 2 demands is not waived.
  if (isLoopback(server.host) || (insecure && server.api === "v1")) return;
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

/** Throws for what a server of version 2 may not be. */
function refuseBelowVersion2(
  { server, security, audit }: Pick<Config, "server" | "security" | "audit">,
): void {
  const refuse = (field: string, value: unknown, expected: string) => {
    throw new ApiError("CONFIGURATION_ERROR", `server.api: "v2" needs ${field} to be ${expected}`, {
      field,
      value,
      expected,
    });
  };
  if (security.auth !== "required") refuse("security.auth", security.auth, "required");
  if (audit.enabled === false) refuse("audit.enabled", false, "true");
  const min_version = server.tls?.min_version ?? "TLSv1.3";
  if (min_version !== "TLSv1.3") refuse("server.tls.min_version", min_version, "TLSv1.3");
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
