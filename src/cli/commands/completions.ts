/** `completions`: a completion script for a shell, made from the commands themselves. */
import { Argument, type Command } from "commander";
import type { Cli } from "../cli.ts";
import { commandsOf, script, type Shell, SHELLS } from "../completions.ts";

const INSTALL: Record<Shell, string> = {
  bash: 'eval "$(opencode-agents completions bash)"   in ~/.bashrc',
  zsh: 'opencode-agents completions zsh > "${fpath[1]}/_opencode-agents"',
  fish: "opencode-agents completions fish > ~/.config/fish/completions/opencode-agents.fish",
};

export function addCompletions(program: Command, cli: Cli): void {
  program.command("completions").description("print a completion script for a shell")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .option("--json", "print the commands and their options as JSON instead")
    .addHelpText("after", `\nTo install:\n${SHELLS.map((shell) => `  ${INSTALL[shell]}`).join("\n")}`)
    .action((shell: Shell, flags: { json?: boolean }) => {
      const commands = commandsOf(program);
      if (flags.json) return cli.terminal.json(commands, 2);
      cli.terminal.line(script(shell, program.name(), commands));
    });
}
