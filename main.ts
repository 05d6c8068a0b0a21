/**
 * The program's entry. It loads no more than the command needs: the reaper and the demo agent run beside every
 * server, so their size counts.
 */
import manifest from "./deno.json" with { type: "json" };
import type { ServeFlags } from "./src/boot/config_file.ts";
import { systemClock } from "./src/clock/clock.ts";

async function main(args: string[]): Promise<number> {
  if (args[0] === "reaper") {
    const { runReaper } = await import("./src/agents/supervision/reaper.ts");
    await runReaper(systemClock);
    return 0;
  }
  const asks = args[1] === "--ask";
  if (args[0] === "demo-agent" && args.length === (asks ? 2 : 1)) {
    const { runDemoAgent } = await import("./src/agents/demo/demo_agent.ts");
    await runDemoAgent(Deno.stdin.readable, Deno.stdout.writable, systemClock, asks);
    return 0;
  }
  const { plainServeFlags } = await import("./src/boot/serve_flags.ts");
  const plain = plainServeFlags(args);
  if (plain) return await serve(plain, args);
  const { storeFiles } = await import("./src/boot/store_files.ts");
  const { runProgram } = await import("./src/boot/program.ts");
  return await runProgram(args, {
    version: manifest.version,
    serve: async (flags) => await (await import("./src/boot/serve.ts")).serve(flags),
    store: storeFiles,
    mcp: async (flags, cli) => (await import("./src/boot/mcp_stdio.ts")).serveMcp(flags, cli),
  });
}

/** Serves without the rest of the command line, which is loaded only if something goes wrong. */
async function serve(flags: ServeFlags, args: string[]): Promise<number> {
  try {
    return await (await import("./src/boot/serve.ts")).serve(flags);
  } catch (error) {
    const { reportFailure } = await import("./src/boot/program.ts");
    return reportFailure(error, args);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
