/** `allow` and `deny`: the answer to an agent's permission request. */
import type { Command } from "commander";
import { ApiError } from "../../domain/errors.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { openPermissions } from "../task_view.ts";

export function addAnswers(program: Command, cli: Cli): void {
  add(program, cli, "allow", "let a task's agent do what it asked for");
  add(program, cli, "deny", "refuse a task's agent what it asked for");
}

function add(program: Command, cli: Cli, decision: "allow" | "deny", description: string): void {
  cli.command(
    program,
    `${decision} <task> [permission]`,
    `${description}; [permission] may be left out when one is open`,
  )
    .action(async (task_id: string, permission: string | undefined, flags: CommonFlags) => {
      const client = await cli.asker(flags);
      const permission_id = permission ?? await theOnlyOne();
      const reply = await client.request("respond_to_permission", { task_id, permission_id, decision });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(
        `${decision === "allow" ? "allowed" : "denied"}: ${permission_id} of task ${task_id}`,
      );

      async function theOnlyOne(): Promise<string> {
        const open = openPermissions((await client.request("get_task_status", { task_id })).task);
        if (open.length === 1) return open[0]!.permission_id;
        throw new ApiError(
          "INVALID_FIELD_VALUE",
          open.length === 0
            ? `Task '${task_id}' has no open permission request`
            : `Task '${task_id}' has ${open.length} open permission requests; name one`,
          open.length === 0 ? { field: "permission_id" } : {
            field: "permission_id",
            expected: open.map(({ permission_id, title }) => `${permission_id} (${title})`),
          },
        );
      }
    });
}
