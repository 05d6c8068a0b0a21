/** Starts programs that print where they listen: the product and the bare `Deno.serve` beside it. */
import { buildProgram } from "../../scripts/program_bundle.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { builtProgram } from "../fixtures/program.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** The peer, as figures name it. It comes with Deno. */
export const PEER = `a bare Deno.serve (Deno ${Deno.version.deno})`;

export const BARE = [Deno.execPath(), "run", "--quiet", "--allow-net", `${ROOT}tests/bench/bare_server.ts`];

/** The product as it is published and as `deno task start` runs it: the built program, without the task runner. */
export async function productOn(data: string): Promise<string[]> {
  await buildProgram();
  return [...builtProgram(START_PERMISSIONS), "serve", "--port", "0", "--data", data];
}

export interface Started {
  url: string;
  pid: number;
  /** From the start of the program to its word that it listens. */
  listening_ms: number;
  stop(): Promise<void>;
}

/** Starts this program. Throws if it ends before it listens. */
export async function started([program, ...args]: string[]): Promise<Started> {
  const begun = performance.now();
  const child = new Deno.Command(program!, { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await output.read();
    if (done) throw new Error(`${args.join(" ")} ended before it listened`);
    text += value;
  }
  const listening_ms = performance.now() - begun;
  return {
    url: /http:\S+/.exec(text)![0],
    pid: child.pid,
    listening_ms,
    async stop() {
      child.kill("SIGTERM");
      await output.cancel();
      await child.status;
    },
  };
}
