/** `allow` and `deny`: the answer to an agent's permission request, which is shown in full first. */
import { type Command, Option } from "commander";
import { RememberScope } from "../../domain/remembered.ts";
import type { PermissionDecision, PermissionRequest } from "../../domain/permission_request.ts";
import type { HttpClient } from "../../client/http.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { confirmed, isAttended } from "../confirm.ts";
import { requestLines, scopeLine } from "../request_text.ts";
import { openPermissions } from "../task_text.ts";

interface AnswerFlags extends CommonFlags {
  remember?: RememberScope;
  message?: string;
  yes?: boolean;
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
  if (decision === "allow") command.option("--yes", "do not ask");
  if (decision === "deny") command.option("-m, --message <text>", "what the agent is told after its turn");
  command
    .action(
      async (
        task_id: string,
        permission: string | undefined,
        { remember, message, yes, ...flags }: AnswerFlags,
      ) => {
        const server = cli.http(flags);
        const { terminal } = cli;
        const request = await openRequest(server, task_id, permission);
        const permission_id = request?.permission_id ?? permission!;
        if (request && !flags.json) { for (const line of shownLines(request, remember)) terminal.note(line); }
        const asks = decision === "allow" && !yes && !flags.json && isAttended(cli);
        if (asks && !confirmed(cli, QUESTIONS[remember ?? "once"])) {
          cli.exit = 1;
          return terminal.note("nothing was answered");
        }
        const answer = { task_id, permission_id, decision, remember, message };
        const reply = await server.request("respond_to_permission", answer);
        if (flags.json) return terminal.json(reply, 2);
        terminal.line(
          `${decision === "allow" ? "allowed" : "denied"}: ${permission_id} of task ${task_id}`,
        );
      },
    );
}

const QUESTIONS = {
  once: "Allow it?",
  task: "Allow it, now and always in this task?",
  project: "Allow it, now and always in its project?",
};

function shownLines(request: PermissionRequest, remember: RememberScope | undefined): string[] {
  const scope = remember && scopeLine(request);
  return [...requestLines(request), ...scope === undefined ? [] : ["", scope]];
}

/** The request that is meant; undefined if the one that is named is not open, which the server says better. */
async function openRequest(
  server: HttpClient,
  task_id: string,
  permission_id: string | undefined,
): Promise<PermissionRequest | undefined> {
  const { task } = await server.request("get_task_status", { task_id });
  const open = openPermissions(task);
  if (permission_id !== undefined) return open.find((one) => one.permission_id === permission_id);
  if (open.length === 1) return open[0];
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
