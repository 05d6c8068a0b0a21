/** The commands that do one thing to one or more tasks. */
import { Command } from "commander";
import { type Cli, printJson } from "./context.ts";
import { reportError } from "./report_error.ts";
import { serverOf, type ServerOptions, withServerOptions } from "./server_options.ts";

export interface TaskAction {
  name: string;
  description: string;
  type: "cancel_task" | "retry_task" | "pause_task" | "resume_task";
  /** What has become of the task, in a word. */
  done: string;
}

/** One that fails does not keep the others from being done. */
export function taskActionCommand(cli: Cli, { name, description, type, done }: TaskAction): Command {
  const command = new Command(name)
    .description(description)
    .argument("<id...>", "ids of the tasks")
    .action(async (ids: string[], options: ServerOptions) => {
      const server = await serverOf(cli, options);
      for (const task_id of ids) {
        try {
          const reply = await server.request(type, { task_id });
          if (options.json) printJson(cli, reply);
          else cli.terminal.out(`${task_id} ${done}\n`);
        } catch (error) {
          cli.exit_code = reportError(cli, error, options.json);
        }
      }
    });
  return withServerOptions(command);
}
