/** A TLS socket of node:tls in the form of Deno's connections. */
import type { TLSSocket } from "node:tls";
import type { Connection } from "./connection.ts";
import type { ClientCertificate } from "./listener.ts";

export class TlsConnection implements Connection {
  readonly remoteAddr: { readonly hostname: string; readonly port: number };
  readonly #socket: TLSSocket;
  #failure: Error | undefined;
  #isEnded = false;
  /** Wakes the read that waits. */
  #wake: (() => void) | undefined;

  constructor(socket: TLSSocket, readonly certificate: ClientCertificate | undefined) {
    this.remoteAddr = { hostname: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    this.#socket = socket;
    socket.on("readable", () => this.#wake?.());
    socket.on("end", () => {
      this.#isEnded = true;
      this.#wake?.();
    });
    socket.on("error", (error) => this.#failure ??= error);
    socket.on("close", () => {
      this.#isEnded = true;
      this.#wake?.();
    });
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (true) {
      const size = Math.min(buffer.length, this.#socket.readableLength);
      // Reading nothing asks the socket for more.
      const chunk: Uint8Array | null = size > 0 ? this.#socket.read(size) : this.#socket.read(0);
      if (chunk !== null && chunk.length > 0) {
        buffer.set(chunk);
        return chunk.length;
      }
      if (this.#failure) throw this.#failure;
      if (this.#isEnded) return null;
      if (this.#socket.readableLength > 0) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      // A destroyed socket may not call back.
      if (this.#socket.destroyed) return reject(this.#failure ?? new Error("the connection is closed"));
      const closed = () => reject(this.#failure ?? new Error("the connection is closed"));
      this.#socket.once("close", closed);
      this.#socket.write(bytes, (error) => {
        this.#socket.off("close", closed);
        if (error) reject(error);
        else resolve(bytes.length);
      });
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(this.#failure ?? new Error("the connection is closed"));
      const closed = () => resolve();
      this.#socket.once("close", closed);
      this.#socket.end(() => {
        this.#socket.off("close", closed);
        resolve();
      });
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  setNoDelay(isOn: boolean): void {
    this.#socket.setNoDelay(isOn);
  }
}
