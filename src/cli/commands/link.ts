/** `link`: prints a link that signs a browser in to the dashboard as the owner, once. */
import type { Command } from "commander";
import { ApiError } from "../../domain/errors.ts";
import { LINK_MINUTES, signInLink } from "../../domain/sign_in_link.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { findServer } from "../find_server.ts";

export function addLink(program: Command, cli: Cli): void {
  cli.command(program, "link", "print a link that signs a browser in to the dashboard as the owner, once")
    .action(async (flags: CommonFlags) => {
      const { url, api_key } = findServer(flags);
      const token = api_key();
      // Links are made from the owner's token alone.
      if (!token?.startsWith("sess_")) {
        throw new ApiError(
          "INVALID_FIELD_VALUE",
          "Only the owner of the server's data folder can make a link: leave out --url and --key, or name the folder with --data",
          { field: "--key", expected: "the owner's token, from the data folder" },
        );
      }
      const link = await signInLink(url, token, cli.clock.now());
      if (flags.json) return cli.terminal.json({ link, expires_in_minutes: LINK_MINUTES }, 2);
      cli.terminal.line(link);
      cli.terminal.note(`It signs one browser in, once, within ${LINK_MINUTES} minutes`);
    });
}
