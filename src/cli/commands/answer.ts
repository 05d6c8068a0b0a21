/** `allow` and `deny`: the answer to an agent's permission request. */
import type { Command } from "commander";
import type { PermissionDecision } from "../../domain/permission_request.ts";
import type { HttpClient } from "../../client/http.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { openPermissions } from "../task_text.ts";

export function addAnswers(program: Command, cli: Cli): void {
  add(program, cli, "allow", "allow what a task's agent asked for");
  add(program, cli, "deny", "deny what a task's agent asked for");
}

function add(program: Command, cli: Cli, decision: PermissionDecision, description: string): void {
  const usage = `${decision} <task> [permission]`;
  cli.command(program, usage, `${description}; [permission] is optional if only one request is open`)
    .action(async (task_id: string, permission: string | undefined, flags: CommonFlags) => {
      const server = cli.http(flags);
      const permission_id = permission ?? await onlyOpenPermission(server, task_id);
      const reply = await server.request("respond_to_permission", { task_id, permission_id, decision });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(
        `${decision === "allow" ? "allowed" : "denied"}: ${permission_id} of task ${task_id}`,
      );
    });
}

async function onlyOpenPermission(server: HttpClient, task_id: string): Promise<string> {
  const { task } = await server.request("get_task_status", { task_id });
  const open = openPermissions(task);
  if (open.length === 1) return open[0]!.permission_id;
  if (open.length === 0) {
    throw new ApiError("INVALID_FIELD_VALUE", `Task '${task_id}' has no open permission request`, {
      field: "permission_id",
    });
  }
  throw new ApiError(
    "INVALID_FIELD_VALUE",
    `Task '${task_id}' has ${open.length} open permission requests; name one`,
    {
      field: "permission_id",
      expected: open.map(({ permission_id, title }) => `${permission_id} (${title})`),
    },
  );
}
