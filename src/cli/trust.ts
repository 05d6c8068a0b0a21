/** By what a command knows a server whose certificate this machine does not trust by itself. */
import type { ClientPem } from "../domain/agent_access.ts";

export interface Trust {
  /** PEM: the authorities that may have signed the server's certificate, which must name the server. */
  ca?: string;
  /** Of the server's certificate: it alone is trusted, whatever it names and however old it is. */
  fingerprint?: string;
  /** PEM: what this client shows to a server that asks for a certificate. */
  certificate?: ClientPem;
}
