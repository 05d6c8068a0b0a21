/** The backend over a connection, which is opened when it is first needed and again after it was lost for good. */
import type { Client } from "../../client/client.ts";
import type { RequestArguments } from "../../client/replies.ts";
import type { PushStream, Subscribed } from "../../client/subscriptions.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Reply, RequestType } from "../../protocol/messages.ts";
import type { Change, McpBackend } from "./backend.ts";

export class RemoteBackend implements McpBackend {
  readonly #open: () => Promise<Client>;
  #client: Promise<Client> | undefined;
  #closed = false;

  /** `open` looks up the server each time: after a restart it may have another address. */
  constructor(open: () => Promise<Client>) {
    this.#open = open;
  }

  async request<T extends RequestType>(type: T, ...args: RequestArguments<T>): Promise<Reply<T>> {
    return await this.#with((client) => client.request(type, ...args));
  }

  async watch(task_id: string, changed: (change: Change) => void): Promise<() => void> {
    const filter = { task_ids: [task_id] };
    const pushes = await this.#with((client) =>
      client.subscribe(["task_status", "task_progress"], { task_status: filter, task_progress: filter })
    );
    void forward(pushes, changed);
    return () => void pushes.return?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    // A connection that could not be opened needs no closing, and its caller got the error.
    (await this.#client?.catch(() => undefined))?.close();
  }

  async #with<T>(use: (client: Client) => Promise<T>): Promise<T> {
    if (this.#closed) throw new ApiError("CONNECTION_LOST", "The MCP server is ending");
    const opening = this.#client ??= this.#open();
    try {
      return await use(await opening);
    } catch (error) {
      if (error instanceof ApiError && error.code === "CONNECTION_LOST" && this.#client === opening) {
        this.#client = undefined;
        opening.then((client) => client.close(), () => {
          // It was never open, and the caller gets the error.
        });
      }
      throw error;
    }
  }
}

async function forward(pushes: PushStream, changed: (change: Change) => void): Promise<void> {
  try {
    for await (const push of pushes) changed(changeOf(push));
  } catch {
    // The connection is lost for good: reading the status again will report it.
    changed({});
  }
}

function changeOf(push: Subscribed): Change {
  switch (push.type) {
    case "task_status_update":
      return { status: push.new_status, progress: push.progress };
    case "task_progress_update":
      return { progress: push.new_progress, step: push.progress_details?.current_step };
    case "permission_request":
      return { step: `waits for a person's permission: ${push.title}` };
    default:
      return {};
  }
}
