/** A WebSocket that is there at once, while its connection is still being made. */
import type { ClientSocket } from "../client/network.ts";

const ABNORMAL = 1006;

/** A WebSocket of ws. */
export interface OpenSocket extends ClientSocket {
  /** Ends the connection without a handshake. */
  terminate(): void;
}

export class LateSocket implements ClientSocket {
  onmessage: ClientSocket["onmessage"] = null;
  onclose: ClientSocket["onclose"] = null;
  onerror: ClientSocket["onerror"] = null;
  #socket: OpenSocket | undefined;
  #isClosed = false;

  /** `open` may fail; the socket is then closed with the reason. */
  constructor(open: () => Promise<OpenSocket>) {
    open().then((socket) => this.#take(socket), (error) => this.#ended(ABNORMAL, String(error.message)));
  }

  get readyState(): number {
    if (this.#isClosed) return WebSocket.CLOSED;
    return this.#socket?.readyState ?? WebSocket.CONNECTING;
  }

  send(text: string): void {
    this.#socket!.send(text);
  }

  close(): void {
    if (this.#socket) this.#socket.close();
    else this.#isClosed = true;
  }

  #take(socket: OpenSocket): void {
    this.#socket = socket;
    socket.onmessage = (event) => this.onmessage?.(event);
    socket.onclose = ({ code, reason }: CloseEvent) => this.#ended(code, reason);
    socket.onerror = (event) => this.onerror?.(event);
    if (this.#isClosed) socket.terminate();
  }

  #ended(code: number, reason: string): void {
    this.#isClosed = true;
    this.onclose?.({ code, reason } as never);
  }
}
