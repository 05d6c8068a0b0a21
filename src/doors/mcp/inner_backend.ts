/** The backend within the server: messages go straight to the router, changes come straight from the engine. */
import { errorIn, lost, parseMessage, type RequestArguments } from "../../client/replies.ts";
import type { Reply, RequestType } from "../../protocol/messages.ts";
import type { Change, McpBackend } from "./backend.ts";

export interface Inside {
  /** The reply to a message, as it would go over the wire. */
  ask(message: object): Promise<object>;
  /** Calls `changed` for each change of the task. Returns the function that ends the watch. */
  watch(task_id: string, changed: (change: Change) => void): () => void;
}

export class InnerBackend implements McpBackend {
  readonly #inside: Inside;

  constructor(inside: Inside) {
    this.#inside = inside;
  }

  async request<T extends RequestType>(
    type: T,
    ...[fields, options = {}]: RequestArguments<T>
  ): Promise<Reply<T>> {
    options.signal?.throwIfAborted();
    // As over the wire: what JSON cannot express, such as `undefined`, does not arrive.
    const message = parseMessage(JSON.stringify(
      await this.#inside.ask(JSON.parse(JSON.stringify({ ...fields, type }))),
    ));
    if (message === undefined) throw lost(`No reply to ${type}`);
    const error = errorIn(message);
    if (error) throw error;
    return message as unknown as Reply<T>;
  }

  watch(task_id: string, changed: (change: Change) => void): Promise<() => void> {
    return Promise.resolve(this.#inside.watch(task_id, changed));
  }
}
