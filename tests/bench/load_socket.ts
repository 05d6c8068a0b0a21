/**
 * A WebSocket client that takes little time itself, so that the server is what is measured. Not the platform's: that one
 * delays a message of more than about 1 KB by 40 ms, because it writes its header and its content one by one and leaves
 * Nagle's algorithm on.
 */
import WebSocket from "ws";

export class LoadSocket {
  readonly #socket: WebSocket;
  #answer: PromiseWithResolvers<string> | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: unknown) => {
      const waiting = this.#answer;
      this.#answer = undefined;
      waiting?.resolve(String(data));
    });
    socket.on("close", () => this.#answer?.reject(new Error("the connection was closed")));
    socket.on("error", (error: unknown) => this.#answer?.reject(error));
  }

  /** Connects to `http://HOST:PORT` and waits for the greeting. */
  static async connect(url: string): Promise<LoadSocket> {
    const socket = new LoadSocket(
      new WebSocket(`${url.replace("http", "ws")}/ws`, { perMessageDeflate: false }),
    );
    await socket.#next();
    return socket;
  }

  /** Sends a message and returns the text of the next one. Only one request may be under way. */
  request(message: object): Promise<string> {
    const reply = this.#next();
    this.#socket.send(JSON.stringify(message));
    return reply;
  }

  close(): void {
    this.#socket.close();
  }

  #next(): Promise<string> {
    this.#answer = Promise.withResolvers();
    return this.#answer.promise;
  }
}
