/** `say`, `withdraw` and `conversation`: messages to a task's agent, and what was said. */
import { type Command, Option } from "commander";
import { conversation } from "../../client/conversation.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Reply } from "../../protocol/messages.ts";
import { attached, oneMorePath } from "../attached.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { messageLines } from "../conversation_text.ts";
import { follow, logEnd } from "../follow/follow.ts";
import { addFollowOptions, type FollowFlags } from "../options.ts";
import type { MessageMode } from "../../domain/message.ts";

interface SayFlags extends CommonFlags, FollowFlags {
  now?: true;
  steer?: true;
  attach?: string[];
}

export function addSay(program: Command, cli: Cli): void {
  const command = cli.command(
    program,
    "say <task> <text>",
    "send a message to a task's agent; - reads it from stdin",
  )
    .addOption(new Option("--now", "end the agent's present turn for it").conflicts("steer"))
    .option("--steer", "put it into the present turn, where the agent takes that")
    .option("--attach <file>", "send this file along; may be repeated", oneMorePath);
  addFollowOptions(command)
    .action(async (task_id: string, text: string, flags: SayFlags) => {
      const server = cli.http(flags);
      const { terminal } = cli;
      const message = await messageText(text);
      const attachments = await attached(server, flags.attach);
      const after = flags.follow ? await logEnd(server, task_id) : undefined;
      const reply = await server.request("send_message", {
        task_id,
        message,
        mode: modeOf(flags),
        attachments,
      });
      if (flags.json) terminal.json(reply, flags.follow ? undefined : 2);
      else terminal.line(sentWords(reply));
      if (!flags.follow) return;
      cli.exit = await follow(cli, flags, { task_id, level: flags.level, after });
    });

  cli.command(program, "withdraw <task> <message>", "take back a message that still waits")
    .action(async (task_id: string, message_id: string, flags: CommonFlags) => {
      const reply = await cli.http(flags).request("withdraw_message", { task_id, message_id });
      if (flags.json) return cli.terminal.json(reply, 2);
      cli.terminal.line(`message ${message_id} of task ${task_id} withdrawn`);
    });

  cli.command(program, "conversation <task>", "show what was said in a task")
    .action(async (task_id: string, flags: CommonFlags) => {
      const messages = conversation(cli.http(flags), task_id);
      if (flags.json) return cli.terminal.json({ task_id, messages: await Array.fromAsync(messages) }, 2);
      for await (const message of messages) {
        for (const line of messageLines(message, cli.terminal)) cli.terminal.line(line);
      }
    });
}

function modeOf({ now, steer }: SayFlags): MessageMode | undefined {
  return now ? "now" : steer ? "steer" : undefined;
}

/** The text itself, or stdin for `-`. */
async function messageText(text: string): Promise<string> {
  const message = text === "-" ? await new Response(Deno.stdin.readable).text() : text;
  if (message.trim() !== "") return message;
  throw new ApiError("INVALID_FIELD_VALUE", "The message is empty", { field: "message" });
}

function sentWords({ task_id, message_id, turn, delivery }: Reply<"send_message">): string {
  const what = `message ${message_id} to task ${task_id}`;
  switch (delivery) {
    case "reopened":
      return `${what} sent: the task goes on with it, in turn ${turn}`;
    case "now":
      return `${what} sent: the present turn is ended for it`;
    case "queued":
      return `${what} waits for turn ${turn}`;
  }
}
