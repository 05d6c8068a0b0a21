/** A running server leaves its address in its data folder, where commands find it. */
import { join } from "node:path";
import type { ClientPem } from "../domain/agent_access.ts";
import { ApiError } from "../domain/errors.ts";

const ADDRESS_FILE = "server.json";

export interface ServerAddress {
  url: string;
  pid: number;
  /** Grants all permissions. Only the folder's owner can read it. */
  token?: string;
  /** Of the certificate that the server shows; undefined without TLS. */
  fingerprint?: string;
  /** PEM: what the owner's commands show if the server asks clients for a certificate. */
  certificate?: ClientPem;
}

/** Writes the address, readable by the owner only. */
export async function writeAddress(
  folder: string,
  address: Omit<ServerAddress, "pid"> & { token: string },
): Promise<void> {
  const path = join(folder, ADDRESS_FILE);
  const temporary = `${path}.${Deno.pid}`;
  // Renamed into place, so that no reader sees a partial file.
  await Deno.writeTextFile(temporary, JSON.stringify({ ...address, pid: Deno.pid }) + "\n", { mode: 0o600 });
  await Deno.rename(temporary, path);
}

/** Removes the address if it is still this process's. Throws `ApiError` if it cannot be removed. */
export async function forgetAddress(folder: string): Promise<void> {
  const address = readAddress(folder);
  if (address?.pid !== Deno.pid) return;
  const path = join(folder, ADDRESS_FILE);
  try {
    await Deno.remove(path);
  } catch (error) {
    // Already gone.
    if (error instanceof Deno.errors.NotFound) return;
    const reason = (error as Error).message;
    throw new ApiError(
      "FILESYSTEM_ERROR",
      `${path} cannot be removed and still names this server: ${reason}`,
      {
        file_path: path,
        operation: "delete",
        reason,
      },
    );
  }
}

/** The address in a data folder; undefined if there is none or it cannot be read. */
export function readAddress(folder: string): ServerAddress | undefined {
  try {
    const { url, pid, token, fingerprint, certificate } = JSON.parse(
      Deno.readTextFileSync(join(folder, ADDRESS_FILE)),
    );
    return typeof url === "string" && Number.isInteger(pid)
      ? { url, pid, token, fingerprint, certificate }
      : undefined;
  } catch {
    // The folder or file is missing, unreadable or not JSON: in each case there is no address.
    return undefined;
  }
}
