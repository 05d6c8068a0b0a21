/** A connection as the hardened transport uses it: a TCP connection of Deno's, or one with TLS. */
import type { ClientCertificate } from "./listener.ts";

export interface Connection {
  readonly remoteAddr: { readonly hostname: string; readonly port: number };
  /** The certificate that the client has shown, if it is valid. */
  readonly certificate?: ClientCertificate;
  /** Resolves with null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Resolves with how many bytes the network has taken. */
  write(bytes: Uint8Array): Promise<number>;
  /** Nothing more is sent. */
  closeWrite(): Promise<void>;
  close(): void;
  setNoDelay(isOn: boolean): void;
}

/** Hands out connections until it is closed. */
export interface ConnectionListener {
  readonly port: number;
  /** Resolves once it is closed; rejects if accepting fails. */
  accept(accepted: (conn: Connection) => void): Promise<void>;
  close(): void;
}
