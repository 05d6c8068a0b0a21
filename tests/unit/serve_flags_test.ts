/** The quick reader of `serve`'s options: it understands what commander does, or leaves it to commander. */
import assert from "node:assert/strict";
import { Command } from "commander";
import { addServe } from "../../src/boot/commands/serve.ts";
import type { ServeFlags } from "../../src/boot/config_file.ts";
import type { Handlers } from "../../src/boot/handlers.ts";
import { plainServeFlags } from "../../src/boot/serve_flags.ts";
import { Cli } from "../../src/cli/cli.ts";
import { openTerminal } from "../../src/cli/terminal.ts";
import { systemClock } from "../../src/clock/clock.ts";

/** What commander makes of the arguments; undefined if it refuses them. */
async function byCommander(args: string[]): Promise<ServeFlags | undefined> {
  let seen: ServeFlags | undefined;
  const serve = (flags: ServeFlags) => {
    seen = flags;
    return Promise.resolve(0);
  };
  const silent = { writeOut: () => {}, writeErr: () => {} };
  const program = new Command().exitOverride().configureOutput(silent);
  addServe(program, new Cli(openTerminal(), systemClock), { serve } as Partial<Handlers> as Handlers);
  for (const command of program.commands) command.exitOverride().configureOutput(silent);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch {
    // What it refuses, the quick reader must not accept.
    return undefined;
  }
  return seen;
}

const UNDERSTOOD = [
  ["serve"],
  ["serve", "--port", "0", "--data", "/a folder", "--config=x.json"],
  ["serve", "--port=65535", "--host", "::1", "--insecure", "--demo", "--print-config"],
  ["serve", "--port", "1", "--port", "2"],
];

const LEFT_TO_COMMANDER = [
  ["serve", "--port", "65536"],
  ["serve", "--port", "x"],
  ["serve", "--port"],
  ["serve", "--port", ""],
  ["serve", "--prot", "1"],
  ["serve", "--demo=yes"],
  ["serve", "--data", "~/x"],
  ["serve", "--data", "-x"],
  ["serve", "extra"],
  ["serve", "--help"],
  ["serve", "-h"],
  ["--version"],
  ["tasks"],
  ["tasks", "--json"],
  ["doctor", "--port", "1"],
];

Deno.test("serve's options are read as commander reads them", async () => {
  for (const args of UNDERSTOOD) {
    const flags = plainServeFlags(args);
    assert.notEqual(flags, undefined, args.join(" "));
    assert.deepEqual(flags, { ...await byCommander(args) }, args.join(" "));
  }
  assert.deepEqual(plainServeFlags([]), {});
  assert.deepEqual(plainServeFlags(["--port", "0"]), { port: 0 });
});

Deno.test("mistakes, questions for help and other commands are left to commander", () => {
  for (const args of LEFT_TO_COMMANDER) assert.equal(plainServeFlags(args), undefined, args.join(" "));
});
