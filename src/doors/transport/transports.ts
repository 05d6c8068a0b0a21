/** Which transport serves an address. */
import { getLogger } from "@logtape/logtape";
import { type Config, isLoopback } from "../../protocol/config.ts";
import { ApiError } from "../../domain/errors.ts";
import { openFastTransport } from "./fast_transport.ts";
import type { OpenTransport } from "./listener.ts";

const log = getLogger(["opencode-agents", "server"]);

/** Older versions do not report the address of an upgrade, nor that a connection was accepted. */
const HARDENED_SINCE = [2, 8] as const;

/** Throws `CONFIGURATION_ERROR` if the requested transport is not available. */
export async function transportFor(
  { host, transport, isEncrypted = false }: Pick<Config["server"], "host" | "transport"> & {
    isEncrypted?: boolean;
  },
  deno_version = Deno.version.deno,
): Promise<OpenTransport> {
  const isWanted = isEncrypted || (transport === "auto" ? !isLoopback(host) : transport === "hardened");
  if (!isWanted) return openFastTransport;
  if (isSince(HARDENED_SINCE, deno_version)) {
    // Loaded only if needed: it costs memory.
    return (await import("./hardened_transport.ts")).openHardenedTransport;
  }
  const reason = `The hardened transport needs Deno ${HARDENED_SINCE.join(".")}; this is ${deno_version}`;
  if (transport === "hardened" || isEncrypted) {
    throw new ApiError("CONFIGURATION_ERROR", reason, {
      field: "server.transport",
      value: transport,
      expected: "auto or fast",
    });
  }
  log.warn("{reason}: clients are served without its bounds", { reason });
  return openFastTransport;
}

function isSince([major, minor]: readonly [number, number], version: string): boolean {
  const [its_major = 0, its_minor = 0] = version.split(".").map(Number);
  return its_major > major || (its_major === major && its_minor >= minor);
}
