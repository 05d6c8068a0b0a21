/** What the transport needs to know of TLS. `doors/tls` makes it. */
import type { SecureContextOptions } from "node:tls";

export interface ServedTls {
  /** The certificate, its key and the authorities of clients as they are now. */
  readonly context: SecureContextOptions;
  readonly client_certs: "none" | "request" | "require";
  /** Calls `changed` whenever `context` is another one, until the function that it returns is called. */
  onChange(changed: () => void): () => void;
  /** Whether the certificate with this fingerprint is that of the owner's commands and of agents: it says nothing about rights. */
  isOwners(fingerprint: string): boolean;
  /** A client could not connect. */
  failed(ip: string, reason: string): void;
}
