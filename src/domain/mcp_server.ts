/** A server of the Model Context Protocol whose tools an agent gets in its session. */
import * as z from "zod";
import { hidden } from "./hidden_value.ts";
import { HttpUrl, text, utf8Length } from "./scalars.ts";

/** How an agent reaches it. The Agent Client Protocol requires stdio of every agent. */
const Remote = z.enum(["http", "sse"]);
export type McpTransport = "stdio" | z.infer<typeof Remote>;

const withoutNul = (max: number) =>
  z.string().refine((value) => value.length <= max && !value.includes("\0"), {
    error: `at most ${max} characters without NUL`,
  });

export const McpServer = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,40}$/, { error: "1 to 40 letters, digits, '_' or '-'" }),
  command: text(1, 4096).optional().describe(
    "A program that the agent starts and speaks with on its stdin and stdout.",
  ),
  args: z.array(withoutNul(4096)).max(100).optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), withoutNul(32_768)).optional().describe(
    "Variables for the program. Their values are not shown.",
  ),
  url: HttpUrl.optional().describe(
    "The address of a server that runs already.",
  ),
  type: Remote.optional().describe(
    "The transport at the `url`. By default http, or sse for an agent that takes only that.",
  ),
  headers: z.record(
    z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$/),
    z.string().max(8192).regex(/^[^\r\n\0]*$/),
  ).optional().describe("Headers of each request to the `url`. Their values are not shown."),
}).superRefine((server, context) => {
  const refuse = (field: keyof typeof server, message: string) =>
    context.addIssue({ code: "custom", path: [field], message });
  const isProgram = server.command !== undefined;
  if (isProgram && server.url !== undefined) refuse("url", "either a command or a url");
  if (!isProgram && server.url === undefined) refuse("command", "a command or a url");
  for (const field of isProgram ? ["type", "headers"] as const : ["args", "env"] as const) {
    if (server[field] !== undefined) refuse(field, `no '${field}' with a ${isProgram ? "command" : "url"}`);
  }
});
export type McpServer = z.infer<typeof McpServer>;

const SERVERS_MAX = 20;
/** The most UTF-8 bytes of a list as JSON: a task must fit into one commit of the store. */
const BYTES_MAX = 65_536;

/** The servers of one task or agent. */
export const McpServers = z.array(McpServer).max(SERVERS_MAX)
  .refine((servers) => new Set(servers.map(({ name }) => name)).size === servers.length, {
    error: "names that differ",
  })
  .refine((servers) => utf8Length(JSON.stringify(servers)) <= BYTES_MAX, {
    error: `at most ${BYTES_MAX} bytes as JSON`,
  });
export type McpServers = z.infer<typeof McpServers>;

/** The tools of the server that runs the task, by which its agent delegates. It gets one of them. */
export interface OwnTools {
  /** Absent with TLS: the programs of agents do not trust the server's certificate. */
  http?: McpServer;
  stdio: McpServer;
}

/** All servers of these lists. Of those with the same name, the one in the later list replaces the others. */
export function addedUp(...lists: (readonly McpServer[] | undefined)[]): McpServer[] {
  const byName = new Map<string, McpServer>();
  for (const server of lists.flatMap((list) => list ?? [])) byName.set(server.name, server);
  return [...byName.values()];
}

/** The transport by which an agent that takes these reaches the server. It need not be one of them. */
export function transportOf(server: McpServer, taken: readonly string[]): McpTransport {
  if (server.command !== undefined) return "stdio";
  return server.type ?? (taken.includes("sse") && !taken.includes("http") ? "sse" : "http");
}

/** The server as clients see it: without the values of its variables and headers, which may be secrets. */
export function shownServer(server: McpServer): McpServer {
  const shown = { ...server };
  if (server.env) shown.env = hidden(server.env);
  if (server.headers) shown.headers = hidden(server.headers);
  return shown;
}
