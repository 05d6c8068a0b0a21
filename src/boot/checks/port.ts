/** Whether the port is free, and who has it if not. */
import { HttpClient } from "../../client/http.ts";
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import type { ServerAddress } from "../../cli/server_address.ts";
import type { Finding } from "./finding.ts";

const ANSWER_MS = 3000;

/** `running`: the server that has the data folder, if there is one. */
export async function checkPort(
  clock: Clock,
  hostname: string,
  port: number,
  running?: ServerAddress,
): Promise<Finding> {
  const what = "port";
  const address = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  const details = { host: hostname, port };
  try {
    Deno.listen({ hostname, port }).close();
    return { what, state: "ok", found: port === 0 ? "any free one" : `${address} is free`, details };
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) {
      return {
        what,
        state: "bad",
        found: `cannot listen on ${address}: ${(error as Error).message}`,
        details,
      };
    }
  }
  if (running !== undefined && Number(new URL(running.url).port) === port) {
    return {
      what,
      state: "ok",
      found: `${address}, on which our server listens (pid ${running.pid})`,
      details: { ...details, ours: true, pid: running.pid },
    };
  }
  const ours = await isOurs(clock, `http://${address}`);
  return {
    what,
    state: "bad",
    found: ours
      ? `a server of opencode-agents with another data folder has ${address}`
      : `another program has ${address}`,
    advice: ours
      ? "Use it, stop it, or choose another --port."
      : "Choose another --port; 0 picks a free one.",
    details: { ...details, ours },
  };
}

async function isOurs(clock: Clock, url: string): Promise<boolean> {
  try {
    await new HttpClient(url, { clock, timeout_ms: ANSWER_MS }).request("ping", {});
    return true;
  } catch (error) {
    // An error in the API's form, such as a rate limit, also comes from one of our servers.
    return error instanceof ApiError && error.code !== "CONNECTION_LOST";
  }
}
