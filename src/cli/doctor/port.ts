/** The address to listen on: free, or answered by whom. */
import { HttpClient } from "../../client/http.ts";
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../protocol/errors.ts";
import type { Finding } from "./finding.ts";

const ANSWER_MS = 2000;

export interface PortFinding extends Finding {
  /** A server of ours answers there. */
  running: boolean;
}

export async function checkPort(host: string, port: number, clock: Clock): Promise<PortFinding> {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const found = { area: "port" as const, subject: `${name}:${port}` };
  try {
    Deno.listen({ hostname: host, port }).close();
    return { ...found, level: "ok", message: port === 0 ? "any free one" : "free", running: false };
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) {
      return {
        ...found,
        level: "fail",
        message: `cannot be listened on: ${(error as Error).message}`,
        advice: "Choose another with --host and --port.",
        running: false,
      };
    }
  }
  // A wildcard address is reached on this machine's own.
  const reached = name === "0.0.0.0" ? "127.0.0.1" : name === "[::]" ? "[::1]" : name;
  return await answersAsOurs(`http://${reached}:${port}`, clock)
    ? { ...found, level: "ok", message: "a server of opencode-agents is running there", running: true }
    : {
      ...found,
      level: "fail",
      message: "taken by another program",
      advice: "Choose another with --port (0 picks a free one).",
      running: false,
    };
}

async function answersAsOurs(url: string, clock: Clock): Promise<boolean> {
  try {
    return (await new HttpClient(url, { clock, timeout_ms: ANSWER_MS }).request("ping")).type === "pong";
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // One that refuses us by our own rules is ours, too.
    return error.code !== "CONNECTION_LOST";
  }
}
