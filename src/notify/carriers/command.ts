/**
 * A program of the configuration, with the notice as JSON on stdin. It may leave something running, such as a player of a sound,
 * for the time that it has itself.
 */
import type { Carrier } from "../carrier.ts";
import { whyEnded } from "../../host/processes/contained_program.ts";

const BOUND_MS = 30_000;
const OUTPUT_MAX = 64 << 10;

export const command: Carrier<"command"> = async ({ command }, parcel, _secret, { run, env, signal }) => {
  const [program, ...args] = command as [string, ...string[]];
  const bounds = { bound_ms: BOUND_MS, output_max: OUTPUT_MAX };
  try {
    const end = await run({
      program,
      args,
      env: { ...env, OPENCODE_AGENTS_EVENT: parcel.event, OPENCODE_AGENTS_DELIVERY: parcel.id },
      stdin: new TextEncoder().encode(parcel.body),
      signal,
      take: () => true,
      ...bounds,
    });
    if (end.code === 0) return { delivered: true, status: 0 };
    if (end.why !== "ended") return { delivered: false, error: whyEnded(end.why, bounds) };
    const said = new TextDecoder().decode(end.stderr).trim().split("\n").at(-1)!;
    return {
      delivered: false,
      status: end.code,
      error: `it ended with ${end.code}${said === "" ? "" : `: ${said}`}`,
    };
  } catch (error) {
    return { delivered: false, error: `it cannot be run: ${(error as Error).message}` };
  }
};
