/** Only a handshake of RFC 6455 opens a WebSocket, and what is none gets the same answer over both transports. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { RawSocket } from "../fixtures/raw_socket.ts";

interface Case {
  name: string;
  /** Replace the usual headers of the same name; a name without a value leaves it out. */
  headers?: string[];
  request?: string;
  status: number;
  /** What Deno.serve answers instead. */
  fast?: number;
  answered?: Record<string, string>;
}

const CASES: Case[] = [
  { name: "as browsers send it", status: 101 },
  {
    name: "names in any case, among others",
    status: 101,
    headers: ["Upgrade: WebSocket", "Connection: keep-alive, UPGRADE"],
  },
  {
    name: "an unknown extension",
    status: 101,
    headers: ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x"],
  },
  ...["8", "0", "14", "13, 8", "013", "thirteen"].map((version): Case => ({
    name: `version ${version}`,
    headers: [`Sec-WebSocket-Version: ${version}`],
    status: 426,
    answered: { "sec-websocket-version": "13" },
  })),
  {
    name: "no version",
    headers: ["Sec-WebSocket-Version:"],
    status: 426,
    answered: { "sec-websocket-version": "13" },
  },
  ...[
    "",
    "short",
    "dGhlIHNhbXBsZSBub25jZQ=",
    "dGhlIHNhbXBsZSBub25jZQ",
    "dGhlIHNhbXBsZSBub25jZSBsb25nZXI=",
    "dGhlIHNhbXBsZSBub25j_Q==",
    "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
  ].map((key): Case => ({ name: `the key '${key}'`, headers: [`Sec-WebSocket-Key: ${key}`], status: 400 })),
  { name: "no key", headers: ["Sec-WebSocket-Key:"], status: 400 },
  ...["POST", "PUT", "OPTIONS", "DELETE"].map((method): Case => ({
    name: method,
    request: `${method} /ws HTTP/1.1`,
    status: 405,
    answered: { allow: "GET" },
  })),
  { name: "no upgrade", headers: ["Upgrade:"], status: 426, answered: { upgrade: "websocket" } },
  { name: "another upgrade", headers: ["Upgrade: h2c"], status: 426, answered: { upgrade: "websocket" } },
  { name: "a name that merely begins so", headers: ["Upgrade: websocket2"], status: 426 },
  { name: "no connection", headers: ["Connection:"], status: 426 },
  { name: "a connection kept alive", headers: ["Connection: keep-alive"], status: 426 },
  {
    name: "several protocols, of which a WebSocket is the first",
    headers: ["Upgrade: websocket", "Upgrade: h2c"],
    status: 101,
  },
  // Deno could not upgrade this one, and would never answer.
  { name: "another protocol first", headers: ["Upgrade: h2c", "Upgrade: websocket"], status: 101, fast: 400 },
  {
    name: "several connection headers",
    headers: ["Connection: keep-alive", "Connection: Upgrade"],
    status: 101,
  },
  { name: "two versions", headers: ["Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 13"], status: 426 },
  { name: "a body", headers: ["Content-Length: 2"], status: 400 },
  { name: "a body in chunks", headers: ["Transfer-Encoding: chunked"], status: 400 },
  { name: "two hosts", headers: ["Host: 127.0.0.1", "Host: evil.example"], status: 403, fast: 400 },
  // Deno does not tell the version of HTTP.
  { name: "HTTP/1.0", request: "GET /ws HTTP/1.0", status: 505, fast: 101 },
  { name: "a path that looks like a host", request: "GET //ws HTTP/1.1", status: 404 },
  { name: "elsewhere", request: "GET /nowhere HTTP/1.1", status: 404 },
];

for (const transport of ["fast", "hardened"]) {
  Deno.test(`handshakes over the ${transport} transport`, async (t) => {
    const config = { limits: { enabled: false }, server: { transport } };
    await withApp({ config }, async (server) => {
      for (const { name, headers, request, status: hardened, fast = hardened, answered = {} } of CASES) {
        const status = transport === "fast" ? fast : hardened;
        await t.step(`${name}: ${status}`, async () => {
          const raw = await RawSocket.upgrade(server.url, headers, request);
          assert.equal(raw.status, status);
          for (const [header, value] of Object.entries(answered)) {
            assert.equal(raw.headers.get(header), value);
          }
          if (status === 101) {
            assert.equal(raw.headers.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            assert.equal(raw.headers.get("sec-websocket-extensions"), null);
            assert.equal((await raw.message()).type, "connection_established");
          } else if (status !== 400) assert.notEqual(await raw.rest(), "");
          raw.close();
        });
      }

      await t.step("an upgrade that is declined does not cost the request its body", async () => {
        const body = '{"type":"ping","timestamp":5}';
        const raw = await RawSocket.request(server.url, [
          "POST /api HTTP/1.1",
          `Host: ${new URL(server.url).host}`,
          "Connection: Upgrade, HTTP2-Settings",
          "Upgrade: h2c",
          "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
          `Content-Length: ${body.length}`,
        ], body);
        // Deno.serve refuses every body beside an upgrade, before it asks us.
        assert.equal(raw.status, transport === "fast" ? 400 : 200);
        if (raw.status === 200) assert.equal(JSON.parse(await raw.rest()).timestamp, 5);
        raw.close();
      });
    });
  });
}
