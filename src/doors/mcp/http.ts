/**
 * MCP over streamable HTTP, without sessions: each POST is answered by a server of its own, so that nothing is kept
 * between requests and a restart is not noticed.
 */
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { createMcpServer, type McpOptions } from "./server.ts";

/** Names the task on whose behalf an agent calls, which over stdio is in the environment (`TASK_ID`). */
const PARENT_HEADER = "x-parent-task";

/** So many calls may wait at the same time. */
const CALLS_MAX = 100;

export class McpEndpoint {
  #calls = 0;

  /** The answer to one POST. */
  async handle(
    request: Request,
    body: string,
    options: Omit<McpOptions, "caller">,
  ): Promise<Response> {
    let parsedBody: unknown;
    try {
      parsedBody = JSON.parse(body);
    } catch {
      // A SyntaxError is how JSON says no; the client is told by the code of JSON-RPC.
      return refused(400, -32700, "Parse error: the body is not JSON");
    }
    // The protocol has given them up, and one POST is counted as one message.
    if (Array.isArray(parsedBody)) return refused(400, -32600, "Batches are not taken");
    if (this.#calls >= CALLS_MAX) {
      return refused(503, -32000, `More than ${CALLS_MAX} MCP requests at once`, { "retry-after": "1" });
    }
    this.#calls++;
    const caller = request.headers.get(PARENT_HEADER) ?? undefined;
    const server = createMcpServer({ ...options, caller });
    const end = this.#ending(server);
    try {
      const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: undefined });
      await server.connect(transport);
      const response = await transport.handleRequest(request, { parsedBody });
      if (response.body === null) {
        end();
        return response;
      }
      // Cancelled when the client goes. (The request's signal fires after each answer, too, and Deno warns of it.)
      const answer = response.body.pipeThrough(
        new TransformStream({ flush: end, cancel: end } as Transformer),
      );
      return new Response(answer, response);
    } catch (error) {
      end();
      throw error;
    }
  }

  /** Once, whichever comes first: the answer is complete, or the client has gone. */
  #ending(server: McpServer): () => void {
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#calls--;
      void server.close();
    };
  }
}

/** An answer in the form of JSON-RPC, before there was a server. */
function refused(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ jsonrpc: "2.0", id: null, error: { code, message } }, { status, headers });
}
