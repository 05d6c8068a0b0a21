/** The tools as an MCP server, whatever the transport. */
import { getLogger } from "@logtape/logtape";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { CallToolResult, ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js";
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { startTask, waitForTask } from "./delegate_tools.ts";
import type { McpBackend } from "./backend.ts";
import { getTaskChanges } from "./change_tools.ts";
import { acceptChanges, discardChanges, updateWorkspace } from "./judge_tools.ts";
import { readLogs } from "./log_tools.ts";
import { getConversation, sendMessage } from "./talk_tools.ts";
import {
  cancelTask,
  getTask,
  getTaskResult,
  listAgents,
  listProjects,
  listTasks,
  retryTask,
} from "./task_tools.ts";
import { controlSchedule, getReport, listSchedules, scheduleTask } from "./schedule_tools.ts";
import { listTemplates, startFromTemplate } from "./template_tools.ts";
import type { Call, Tool } from "./tool.ts";
import { getUsage } from "./usage_tools.ts";

const TOOLS: readonly Tool[] = [
  startTask,
  waitForTask,
  getTask,
  getTaskResult,
  sendMessage,
  getConversation,
  getTaskChanges,
  acceptChanges,
  discardChanges,
  updateWorkspace,
  listTasks,
  cancelTask,
  retryTask,
  readLogs,
  listAgents,
  listProjects,
  getUsage,
  listTemplates,
  startFromTemplate,
  scheduleTask,
  listSchedules,
  controlSchedule,
  getReport,
];

const INSTRUCTIONS =
  "Delegates work to other coding agents. start_task gives one a self-contained task; wait_for_task returns what " +
  "came of it, send_message goes on with its agent. What a task changes in a worktree of its own is yours to judge: " +
  "get_task_changes, then accept_changes, send_message or discard_changes. Tasks run in parallel as far as the server has " +
  "places, outlive this session and can be looked up by id. You may change only tasks that your own task has started.";

const log = getLogger(["opencode-agents", "mcp"]);

export interface McpOptions {
  backend: McpBackend;
  clock: Clock;
  version: string;
  /** The task that the caller names. An agent with a token is known without. */
  caller?: string;
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** Not connected to a transport yet. */
export function createMcpServer({ backend, clock, version, caller }: McpOptions): McpServer {
  const server = new McpServer({ name: "opencode-agents", version }, { instructions: INSTRUCTIONS });
  for (const tool of TOOLS) {
    const { name, title, description, input, output, hints } = tool;
    const annotations = { title, openWorldHint: false, ...hints };
    const config = { title, description, inputSchema: input, outputSchema: output, annotations };
    server.registerTool(name, config, async (given: Record<string, unknown>, extra: Extra) => {
      const { signal, _meta, sendNotification } = extra;
      const progressToken = _meta?.progressToken;
      const progress: Call["progress"] = (elapsed_ms, total_ms, message) => {
        if (progressToken === undefined) return;
        sendNotification({
          method: "notifications/progress",
          // Must increase each time; a task's own progress may not.
          params: { progressToken, progress: elapsed_ms / 1000, total: total_ms / 1000, message },
        }).catch((error: unknown) => log.debug("A progress notification was not taken: {error}", { error }));
      };
      return await answered(tool, given, { backend, clock, caller, signal, progress });
    });
  }
  // The tools never change, and over HTTP there is no stream to announce a change on; the SDK says otherwise.
  server.server.registerCapabilities({ tools: { listChanged: false } });
  return server;
}

/** The answer as structured content, and as text for clients that read only text. */
async function answered(tool: Tool, given: Record<string, unknown>, call: Call): Promise<CallToolResult> {
  try {
    // Drops fields that are `undefined`.
    const structuredContent = JSON.parse(JSON.stringify(await tool.run(given, call)));
    return { structuredContent, content: [{ type: "text", text: JSON.stringify(structuredContent) }] };
  } catch (error) {
    call.signal.throwIfAborted();
    if (!(error instanceof ApiError)) {
      log.error("{tool} failed: {error}", { tool: tool.name, error });
      throw error;
    }
    const { code, message, details } = error;
    return { isError: true, content: [{ type: "text", text: JSON.stringify({ code, message, details }) }] };
  }
}
