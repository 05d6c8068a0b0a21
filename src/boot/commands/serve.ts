/** `serve`: its command. */
import { type Command, Option } from "commander";
import type { Cli } from "../../cli/cli.ts";
import { path } from "../../cli/options.ts";
import type { ServeFlags } from "../config_file.ts";
import type { Handlers } from "../handlers.ts";
import { SERVE_OPTIONS } from "../serve_flags.ts";
import { port } from "./port.ts";

const PARSERS: Record<string, ((text: string) => string | number) | undefined> = {
  port,
  dir: path,
  file: path,
};

export function addServe(program: Command, cli: Cli, { serve }: Handlers): void {
  const command = program.command("serve").description("run the server (the default command)");
  for (const [name, { value, description }] of Object.entries(SERVE_OPTIONS)) {
    const option = new Option(value === undefined ? `--${name}` : `--${name} <${value}>`, description);
    const parser = PARSERS[value ?? ""];
    command.addOption(parser ? option.argParser(parser) : option);
  }
  command.action(async (flags: ServeFlags) => {
    cli.exit = await serve(flags);
  });
}
