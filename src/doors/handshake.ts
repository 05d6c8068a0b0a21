/** Whether a request is a WebSocket handshake of RFC 6455 (section 4.2.1). Pure. */

const VERSION = "13";
/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/**
 * The answer to a request for a WebSocket that is no valid handshake; undefined if it is one. `required`: the subprotocol that
 * the client must offer.
 */
export function refusedHandshake({ method, headers }: Request, required?: string): Response | undefined {
  if (method !== "GET") return refused(405, "A WebSocket begins with GET", { allow: "GET" });
  if (!names(headers, "upgrade").includes("websocket") || !names(headers, "connection").includes("upgrade")) {
    return refused(426, "This is a WebSocket endpoint", { upgrade: "websocket" });
  }
  const version = headers.get("sec-websocket-version");
  if (version !== VERSION) {
    const message = `This server speaks version ${VERSION} of the WebSocket protocol, not '${version ?? ""}'`;
    return refused(426, message, { upgrade: "websocket", "sec-websocket-version": VERSION });
  }
  if (!KEY.test(headers.get("sec-websocket-key") ?? "")) {
    return refused(400, "Sec-WebSocket-Key must be 16 bytes in base64", {});
  }
  if (required !== undefined && !names(headers, "sec-websocket-protocol").includes(required)) {
    const message =
      `This server speaks the subprotocol ${required} alone: offer it in Sec-WebSocket-Protocol`;
    return refused(426, message, { upgrade: "websocket", "sec-websocket-protocol": required });
  }
}

/** The names that a header lists, in lower case. */
function names(headers: Headers, header: string): string[] {
  return (headers.get(header) ?? "").toLowerCase().split(",").map((name) => name.trim());
}

function refused(status: number, message: string, headers: Record<string, string>): Response {
  return new Response(`${message}\n`, { status, headers });
}
