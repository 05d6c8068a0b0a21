/**
 * MCP over streamable HTTP, without sessions: each POST gets a server of its own, so nothing is kept between requests and
 * clients do not notice a restart.
 */
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { createMcpServer, type McpOptions } from "./server.ts";

/** Names the task whose agent calls without its token. Over stdio, that is in the environment (`TASK_ID`). */
const PARENT_HEADER = "x-parent-task";

/** How many calls may wait at the same time, and how many more of the owner and of administrators. */
const CALLS_MAX = 100;
const CALLS_IN_RESERVE = 10;
/** How many of them one key may have, so that others find a place. */
const CALLS_OF_ONE = 50;

export class McpEndpoint {
  #calls = 0;
  /** By whose they are. */
  readonly #callsOf = new Map<string | undefined, number>();

  /**
   * The answer to one POST. `who`: whose it is. `isAgent`: the caller has shown the token of a task. `isPrivileged`: it may use the calls in
   * reserve.
   */
  async handle(
    request: Request,
    body: string,
    { who, isAgent, isPrivileged, ...options }: Omit<McpOptions, "caller"> & {
      who: string | undefined;
      isAgent: boolean;
      isPrivileged: boolean;
    },
  ): Promise<Response> {
    let parsedBody: unknown;
    try {
      parsedBody = JSON.parse(body);
    } catch {
      // A SyntaxError: JSON-RPC has a code for it.
      return refused(400, -32700, "Parse error: the body is not JSON");
    }
    // The protocol has dropped batches, and the limits count one POST as one message.
    if (Array.isArray(parsedBody)) return refused(400, -32600, "Batches are not taken");
    const most = isPrivileged ? CALLS_MAX + CALLS_IN_RESERVE : CALLS_MAX;
    if (this.#calls >= most) {
      return refused(503, -32000, `More than ${most} MCP requests at once`, { "retry-after": "1" });
    }
    const own = this.#callsOf.get(who) ?? 0;
    if (own >= CALLS_OF_ONE && !isPrivileged && who !== undefined) {
      return refused(503, -32000, `More than ${CALLS_OF_ONE} MCP requests at once of one client`, {
        "retry-after": "1",
      });
    }
    this.#calls++;
    this.#callsOf.set(who, own + 1);
    const caller = isAgent ? undefined : request.headers.get(PARENT_HEADER) ?? undefined;
    const server = createMcpServer({ ...options, caller });
    const end = this.#ending(server, who);
    try {
      const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: undefined });
      await server.connect(transport);
      const response = await transport.handleRequest(request, { parsedBody });
      if (response.body === null) {
        end();
        return response;
      }
      // Cancelled when the client disconnects. (The request's signal also fires after each answer, and Deno warns about it.)
      const answer = response.body.pipeThrough(
        new TransformStream({ flush: end, cancel: end } as Transformer),
      );
      return new Response(answer, response);
    } catch (error) {
      end();
      throw error;
    }
  }

  /** Ends the call once: when the answer is complete, or when the client has disconnected. */
  #ending(server: McpServer, who: string | undefined): () => void {
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#calls--;
      const left = this.#callsOf.get(who)! - 1;
      if (left > 0) this.#callsOf.set(who, left);
      else this.#callsOf.delete(who);
      void server.close();
    };
  }
}

/** A JSON-RPC error before there is a server to answer. */
function refused(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ jsonrpc: "2.0", id: null, error: { code, message } }, { status, headers });
}
