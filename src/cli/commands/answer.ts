/** `allow` and `deny`: the answer to an agent's permission request. */
import { type Command, Option } from "commander";
import { RememberScope } from "../../domain/remembered.ts";
import type { PermissionDecision } from "../../domain/permission_request.ts";
import type { HttpClient } from "../../client/http.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { openPermissions } from "../task_text.ts";

interface AnswerFlags extends CommonFlags {
  remember?: RememberScope;
  message?: string;
}

export function addAnswers(program: Command, cli: Cli): void {
  add(program, cli, "allow", "allow what a task's agent asked for");
  add(program, cli, "deny", "deny what a task's agent asked for");
}

function add(program: Command, cli: Cli, decision: PermissionDecision, description: string): void {
  const usage = `${decision} <task> [permission]`;
  const command = cli
    .command(program, usage, `${description}; [permission] is optional if only one request is open`)
    .addOption(
      new Option("--remember <where>", "answer the same request so from now on").choices(
        RememberScope.options,
      ),
    );
  if (decision === "deny") command.option("-m, --message <text>", "what the agent is told after its turn");
  command
    .action(
      async (
        task_id: string,
        permission: string | undefined,
        { remember, message, ...flags }: AnswerFlags,
      ) => {
        const server = cli.http(flags);
        const permission_id = permission ?? await onlyOpenPermission(server, task_id);
        const answer = { task_id, permission_id, decision, remember, message };
        const reply = await server.request("respond_to_permission", answer);
        if (flags.json) return cli.terminal.json(reply, 2);
        cli.terminal.line(
          `${decision === "allow" ? "allowed" : "denied"}: ${permission_id} of task ${task_id}`,
        );
      },
    );
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
