/** `logout`: ends the session of the token that `--key` shows. */
import type { Command } from "commander";
import type { Cli, CommonFlags } from "../cli.ts";

export function addLogout(program: Command, cli: Cli): void {
  cli.command(program, "logout", "end the session of the token that --key or OPENCODE_AGENTS_KEY shows")
    .action(async (flags: CommonFlags) => {
      const reply = await cli.http(flags).request("logout");
      if (flags.json) return cli.terminal.json(reply, 2);
      const { session_id } = reply;
      cli.terminal.line(
        session_id === undefined
          ? "no session was shown: keys and the owner's token have none over HTTP"
          : `${session_id} has ended`,
      );
    });
}
