/** The used part of the ws package's types. Its published types would pull in Node types that differ from Deno's. */
import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

export interface WebSocket {
  readonly bufferedAmount: number;
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => unknown): this;
  on(event: "ping" | "pong", listener: (data: Buffer) => unknown): this;
  on(event: "close" | "error", listener: () => unknown): this;
  send(text: string): void;
  ping(): void;
  pong(data: Uint8Array): void;
  close(code: number, reason: string): void;
  /** Reads no more from the network. */
  pause(): void;
  terminate(): void;
}

export interface ServerOptions {
  noServer: true;
  clientTracking: boolean;
  /** Bytes of a message, all its fragments together. */
  maxPayload: number;
  perMessageDeflate: false;
  autoPong: boolean;
  handleProtocols(offered: Set<string>): string | false;
}

export class WebSocketServer {
  constructor(options: ServerOptions);
  /** Calls back before it returns, unless it has answered itself what is no handshake. */
  handleUpgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Uint8Array,
    callback: (socket: WebSocket) => unknown,
  ): void;
}
