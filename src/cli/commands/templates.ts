/** `templates`, `deliveries`: the templates of the configuration, and what their hooks were sent. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";
import { localDateTime } from "../local_time.ts";
import { wholeNumber } from "../options.ts";
import { printTable } from "../table.ts";

export function addTemplates(program: Command, cli: Cli): void {
  cli.command(program, "templates", "list the templates that `run --template` starts")
    .action(async (flags: CommonFlags) => {
      const reply = await cli.http(flags).request("list_templates", {});
      const { terminal } = cli;
      if (flags.json) return terminal.json(reply, 2);
      if (reply.templates.length === 0) {
        return terminal.note("no template is configured: `templates` in the configuration file names them");
      }
      printTable(terminal, reply.templates, [
        { title: "TEMPLATE", value: ({ name }) => name },
        {
          title: "PARAMETERS",
          value: ({ params }) =>
            Object.entries(params).map(([name, { default: value }]) =>
              value === undefined ? name : `${name}=${value}`
            )
              .join(" "),
        },
        { title: "HOOK", value: ({ trigger }) => trigger?.path ?? "-" },
        {
          title: "DESCRIPTION",
          value: ({ description, task }) => description ?? String(task.description ?? ""),
        },
      ]);
    });
  addDeliveries(program, cli);
}

interface DeliveryFlags extends CommonFlags {
  limit: number;
  replay?: string;
}

function addDeliveries(program: Command, cli: Cli): void {
  cli.command(program, "deliveries <template>", "list what a template's hook was sent, and what came of it")
    .option("-n, --limit <count>", "at most this many, 1 to 200", wholeNumber, 20)
    .option("--replay <id>", "make a task of this delivery again instead")
    .action(async (template: string, flags: DeliveryFlags) => {
      const server = cli.http(flags);
      const { terminal } = cli;
      if (flags.replay !== undefined) {
        const reply = await server.request("replay_delivery", { delivery_id: flags.replay, template });
        if (flags.json) return terminal.json(reply, 2);
        return terminal.line(`task ${reply.task_id} started`);
      }
      const reply = await server.request("list_deliveries", { template, limit: flags.limit });
      if (flags.json) return terminal.json(reply, 2);
      printTable(terminal, reply.deliveries, [
        { title: "TIME", value: ({ time }) => localDateTime(time) },
        { title: "DELIVERY", value: ({ delivery_id }) => delivery_id },
        { title: "EVENT", value: ({ event }) => event ?? "-" },
        { title: "OUTCOME", value: ({ outcome }) => outcome },
        { title: "TASK", value: ({ task_id }) => task_id ?? "-" },
        { title: "REASON", value: ({ reason }) => reason ?? "" },
      ]);
    });
}
