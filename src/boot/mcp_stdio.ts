/** Wires the `mcp` command: the tools, a connection to the server, stdin and stdout. */
import manifest from "../../deno.json" with { type: "json" };
import { ACCESS_TOKEN } from "../domain/agent_access.ts";
import type { Cli, CommonFlags } from "../cli/cli.ts";
import { logToStderr } from "./logging.ts";
import { RemoteBackend } from "../doors/mcp/remote_backend.ts";
import { serveStdio } from "../doors/mcp/stdio.ts";

/** Serves until the client closes stdin. Looks for the server when a tool first needs it. */
export async function serveMcp(flags: CommonFlags, cli: Cli): Promise<void> {
  await logToStderr();
  const backend = new RemoteBackend(() => cli.connect(flags));
  try {
    await serveStdio({
      backend,
      clock: cli.clock,
      version: manifest.version,
      // With its token the server knows the calling task itself.
      caller: Deno.env.has(ACCESS_TOKEN) ? undefined : Deno.env.get("TASK_ID"),
    });
  } finally {
    await backend.close();
  }
}
