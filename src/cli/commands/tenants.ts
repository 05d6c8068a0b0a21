/** `tenants`: who shares the server, what each may use, and what it uses. */
import type { Command } from "commander";
import type { TenantView } from "../../protocol/tenant_messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { type Column, printTable } from "../table.ts";

const of = (used: number, most: number | undefined) =>
  most === undefined ? String(used) : `${used} of ${most}`;

const COLUMNS: Column<TenantView>[] = [
  { title: "TENANT", value: ({ name }) => name },
  { title: "RUNNING", value: ({ running, quota }) => of(running, quota.max_concurrent) },
  { title: "UNFINISHED", value: ({ unfinished, quota }) => of(unfinished, quota.max_tasks) },
  { title: "TASKS", value: ({ tasks }) => String(tasks) },
  { title: "KEYS", value: ({ keys }) => String(keys) },
  {
    title: "USD TODAY",
    value: ({ cost_usd_today, quota: { budget_usd_per_day: most } }) =>
      cost_usd_today.toFixed(2) + (most === undefined ? "" : ` of ${most}`),
  },
];

export function addTenants(program: Command, cli: Cli): void {
  cli.command(program, "tenants", "list the tenants that share the server, and what they use")
    .action(async (flags: CommonFlags) => {
      const reply = await cli.http(flags).request("list_tenants");
      if (flags.json) return cli.terminal.json(reply, 2);
      printTable(cli.terminal, reply.tenants, COLUMNS);
    });
}
