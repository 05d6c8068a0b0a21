/** Opens the store of a server: the one in its data folder, or one that it shares with other servers. */
import { hostname } from "node:os";
import type { Clock } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { nodeNameOf } from "../domain/node_name.ts";
import type { Config } from "../protocol/config.ts";
import { openStore, type Store } from "../store/open.ts";
import type { ComposeOptions } from "./compose_options.ts";

export interface ServerStoreOptions {
  config: Config;
  /** The data folder. */
  folder: string;
  clock: Clock;
  openRunner: ComposeOptions["openRunner"];
}

/** Throws what `openStore` and `openSharedStore` throw, and `CONFIGURATION_ERROR` for a token file that cannot be read. */
export async function openServerStore(
  { config, folder, clock, openRunner }: ServerStoreOptions,
): Promise<Store> {
  const { store: { url, token_file }, cluster } = config;
  if (url === undefined) return await openStore({ folder, clock });
  const { openSharedStore } = await import("../store/open_shared.ts");
  return await openSharedStore({
    store: { url, token: await tokenIn(token_file) },
    folder,
    clock,
    node: cluster.node ?? nodeNameOf(ownHost()) ?? crypto.randomUUID(),
    lease_ms: cluster.lease_ms,
    endStrays: async (place) => {
      const runner = openRunner({ store_id: place, instance_id: crypto.randomUUID() });
      await runner.endStrays?.();
      await runner.close();
    },
  });
}

/** Looks whether the common store answers, without joining it. Throws as `openServerStore` does. */
export async function checkCommonStore(
  { url, token_file }: Config["store"] & { url: string },
  clock: Clock,
): Promise<void> {
  const { openRemoteKv } = await import("../store/kv/remote_kv.ts");
  (await openRemoteKv({ url, token: await tokenIn(token_file) }, clock)).close();
}

async function tokenIn(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const details = { field: "store.token_file", file_path: path };
  let token: string;
  try {
    token = (await Deno.readTextFile(path)).trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApiError("CONFIGURATION_ERROR", `store.token_file: ${path} cannot be read: ${reason}`, {
      ...details,
      reason,
    });
  }
  if (token) return token;
  throw new ApiError("CONFIGURATION_ERROR", `store.token_file: ${path} is empty`, details);
}

/** An empty text if this process may not ask for it. */
function ownHost(): string {
  try {
    return hostname();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return "";
    throw error;
  }
}
