/** `notifications`: who is told of what, and a test of one of them. */
import type { Command } from "commander";
import type { NotificationView } from "../../protocol/notification_messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { EXIT } from "../exit_codes.ts";
import { localDateTime } from "../local_time.ts";
import { type Column, printTable } from "../table.ts";

interface NotificationFlags extends CommonFlags {
  test?: string;
}

const COLUMNS: Column<NotificationView>[] = [
  { title: "NAME", value: ({ name }) => name },
  { title: "CHANNEL", value: ({ channel }) => channel },
  { title: "TO", value: ({ to }) => to },
  { title: "WAITING", value: ({ waiting }) => String(waiting) },
  { title: "LAST DELIVERY", value: ({ last_delivery: at }) => at === undefined ? "" : localDateTime(at) },
  { title: "LAST ERROR", value: ({ last_error }) => last_error ?? "" },
  { title: "EVENTS", value: ({ events }) => events.join(", ") },
];

export function addNotifications(program: Command, cli: Cli): void {
  cli.command(program, "notifications", "list who is told of what, and how the last delivery went")
    .option("--test <name>", "tell this one something at once, to see whether it arrives")
    .action(async ({ test, ...flags }: NotificationFlags) => {
      const { terminal } = cli;
      const server = cli.http(flags);
      if (test === undefined) {
        const reply = await server.request("list_notifications", {});
        if (flags.json) return terminal.json(reply, 2);
        if (reply.notifications.length > 0) return printTable(terminal, reply.notifications, COLUMNS);
        return terminal.note(
          "nobody is told: `notifications` in the configuration file says whom to tell of what",
        );
      }
      const reply = await server.request("test_notification", { name: test });
      if (!reply.delivered) cli.exit = EXIT.failed;
      if (flags.json) return terminal.json(reply, 2);
      terminal.note(reply.delivered ? `${test} was told` : `${test} could not be told: ${reply.error}`);
    });
}
