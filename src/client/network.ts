/** How the client reaches the network: with what the platform has, or through connections that trust other certificates. */
import { ApiError } from "../domain/errors.ts";

/** The part of the standard `WebSocket` that the client uses. */
export interface ClientSocket {
  readonly readyState: number;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(text: string): void;
  close(): void;
}

export interface Network {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Shows the headers with the upgrade where that is possible, so that the server knows from the start who connects. */
  socket(url: string, protocols: readonly string[], headers: Record<string, string>): ClientSocket;
}

/** The network of the platform, with the certificates that it trusts. */
export const platformNetwork: Network = {
  fetch: (url, init) => fetch(url, init),
  socket: (url, protocols, headers) => openSocket(url, protocols, headers),
};

/** What Deno has and browsers and Node do not. */
interface DenoClients {
  Deno?: { createHttpClient?(options: { caCerts: string[] }): { close(): void } };
}

/**
 * The network of the platform, which also trusts this authority. `ca`: PEM. Throws `INVALID_FIELD_VALUE` where the platform
 * allows no choice: web pages trust what the browser does, Node what NODE_EXTRA_CA_CERTS names.
 */
export function networkTrusting(ca: string): Network {
  const create = (globalThis as DenoClients).Deno?.createHttpClient;
  if (create === undefined) {
    throw new ApiError("INVALID_FIELD_VALUE", "This platform does not let a program choose whom to trust", {
      field: "ca",
      expected: "NODE_EXTRA_CA_CERTS=FILE when Node starts; in a browser, the authority among its own",
    });
  }
  return {
    async fetch(url, init) {
      const client = create({ caCerts: [ca] });
      try {
        const answer = await fetch(url, { ...init, client } as RequestInit);
        const { status, headers } = answer;
        return new Response(await answer.text(), { status, headers });
      } finally {
        client.close();
      }
    },
    socket(url, protocols, headers) {
      const client = create({ caCerts: [ca] });
      const socket = openSocket(url, protocols, headers, client);
      socket.addEventListener("close", () => client.close());
      return socket;
    },
  };
}

function openSocket(
  url: string,
  protocols: readonly string[],
  headers: Record<string, string>,
  client?: unknown,
): WebSocket {
  // The WebSocket of web pages takes no headers.
  const isPage = "document" in globalThis || "importScripts" in globalThis;
  const isPlain = isPage || headers.authorization === undefined;
  if (isPlain && client === undefined) return new WebSocket(url, [...protocols]);
  const options = { protocols: [...protocols], headers, ...client !== undefined && { client } };
  try {
    return new WebSocket(url, options as unknown as string[]);
  } catch (error) {
    // Older runtimes take the options for a protocol's name: Deno 2.4, which the compiled program may contain.
    if (client !== undefined || (error as Error).name !== "SyntaxError") throw error;
    return new WebSocket(url, [...protocols]);
  }
}
