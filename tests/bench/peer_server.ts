/** Starts programs that print where they listen: the product and the bare `Deno.serve` beside it. */
import { START_PERMISSIONS, V8_FLAGS } from "../../scripts/start_flags.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** The peer, as figures name it. It comes with Deno. */
export const PEER = `a bare Deno.serve (Deno ${Deno.version.deno})`;

export const BARE = ["run", "--quiet", "--allow-net", `${ROOT}tests/bench/bare_server.ts`];

/** The product as `deno task start` runs it, without the task runner. */
export function productOn(data: string): string[] {
  const flags = ["--quiet", "--no-prompt", ...V8_FLAGS, "--config", `${ROOT}deno.json`, ...START_PERMISSIONS];
  return ["run", ...flags, `${ROOT}main.ts`, "serve", "--port", "0", "--data", data];
}

export interface Started {
  url: string;
  pid: number;
  /** From the start of the program to its word that it listens. */
  listening_ms: number;
  stop(): Promise<void>;
}

/** Starts Deno with these arguments. Throws if it ends before it listens. */
export async function started(args: string[]): Promise<Started> {
  const begun = performance.now();
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped", stderr: "null" })
    .spawn();
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
