/**
 * Frames by hand, right and wrong, after the manner of the Autobahn test suite: what RFC 6455 asks for, and what the
 * hardened transport does. The fast one is Deno.serve; where it breaks the RFC, the table says how.
 */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { CLOSE, RawSocket, TEXT } from "../fixtures/raw_socket.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const PING_MESSAGE = '{"type":"ping","timestamp":1}';
const [CONTINUATION, BINARY, PING, PONG] = [0, 2, 9, 10];

interface FrameOptions {
  isLast?: boolean;
  reserved?: number;
  isMasked?: boolean;
}

/** The bytes of a frame of less than 64 KiB. The mask is not zero, so that it must be applied. */
function frame(opcode: number, content: string | number[], options: FrameOptions = {}): Uint8Array {
  const { isLast = true, reserved = 0, isMasked = true } = options;
  const payload = typeof content === "string" ? encoder.encode(content) : new Uint8Array(content);
  const size = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
  size[0]! |= isMasked ? 0x80 : 0;
  const mask = [0x12, 0x34, 0x56, 0x78];
  const sent = isMasked ? payload.map((byte, i) => byte ^ mask[i % 4]!) : payload;
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | opcode;
  return new Uint8Array([first, ...size, ...(isMasked ? mask : []), ...sent]);
}

function close(code: number, reason: number[] = []): Uint8Array {
  return frame(CLOSE, [code >> 8, code & 255, ...reason]);
}

/** `message`: the connection stays open, and answers with a message of this type or code. A number: a close code. */
type Outcome = { message: string } | number | "no code" | "dropped" | { echoed: string };

interface Case {
  name: string;
  sent: Uint8Array[];
  outcome: Outcome;
  /** What Deno.serve does instead. */
  fast?: Outcome;
}

const answered = (name: string, ...sent: Uint8Array[]): Case => ({
  name,
  sent,
  outcome: { message: "pong" },
});
/** Deno.serve drops who breaks the protocol, without the close frame that says why. */
const broken = (name: string, ...sent: Uint8Array[]): Case => ({
  name,
  sent,
  outcome: 1002,
  fast: "dropped",
});
const part = (opcode: number, content: string | number[]) => frame(opcode, content, { isLast: false });
const no_utf8 = (name: string, ...sent: Uint8Array[]): Case => ({
  name,
  sent,
  outcome: 1007,
  fast: "dropped",
});
const GREEK = [...encoder.encode('{"type":"ping","x":"κόσμε"}')];

const CASES: Case[] = [
  answered("text", frame(TEXT, PING_MESSAGE)),
  answered(
    "text in two parts",
    part(TEXT, PING_MESSAGE.slice(0, 5)),
    frame(CONTINUATION, PING_MESSAGE.slice(5)),
  ),
  answered(
    "text in parts of a byte",
    ...[...PING_MESSAGE].map((char, i) =>
      frame(i === 0 ? TEXT : CONTINUATION, char, { isLast: i === PING_MESSAGE.length - 1 })
    ),
  ),
  answered("a character in two parts", part(TEXT, GREEK.slice(0, 21)), frame(CONTINUATION, GREEK.slice(21))),
  answered("empty parts", part(TEXT, ""), part(CONTINUATION, PING_MESSAGE), frame(CONTINUATION, "")),
  answered("a pong that nobody asked for", frame(PONG, "x"), frame(TEXT, PING_MESSAGE)),
  answered("text of more than 125 bytes", frame(TEXT, PING_MESSAGE.padEnd(300))),
  { name: "empty text", sent: [frame(TEXT, "")], outcome: { message: "INVALID_JSON" } },
  { name: "binary", sent: [frame(BINARY, [1, 2])], outcome: { message: "INVALID_JSON" } },
  { name: "a ping", sent: [frame(PING, "hello")], outcome: { echoed: "hello" } },
  { name: "a ping without content", sent: [frame(PING, "")], outcome: { echoed: "" } },
  { name: "a ping of 125 bytes", sent: [frame(PING, "x".repeat(125))], outcome: { echoed: "x".repeat(125) } },
  {
    name: "a ping between the parts of a message",
    sent: [part(TEXT, "{"), frame(PING, "between"), frame(CONTINUATION, "}")],
    outcome: { echoed: "between" },
  },

  {
    ...broken("text without a mask", frame(TEXT, PING_MESSAGE, { isMasked: false })),
    fast: { message: "pong" },
  },
  { ...broken("a close without a mask", frame(CLOSE, [3, 232], { isMasked: false })), fast: 1000 },
  ...[1, 2, 4, 7].map((reserved) =>
    broken(`reserved bits ${reserved}`, frame(TEXT, PING_MESSAGE, { reserved }))
  ),
  ...[3, 7, 11, 15].map((opcode) => broken(`opcode ${opcode}`, frame(opcode, PING_MESSAGE))),
  broken("a continuation of nothing", frame(CONTINUATION, PING_MESSAGE)),
  broken("a message within a message", part(TEXT, "{"), frame(TEXT, PING_MESSAGE)),
  broken("a ping in parts", part(PING, "a"), frame(CONTINUATION, "b")),
  broken("a close in parts", part(CLOSE, [3, 232])),
  broken("a ping of 126 bytes", frame(PING, "x".repeat(126))),
  { ...broken("a close of 126 bytes", close(1000, Array(124).fill(120))), fast: 1000 },

  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999].map((
    code,
  ): Case => ({
    name: `close ${code}`,
    sent: [close(code)],
    outcome: code,
  })),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map((code): Case => ({
    name: `close ${code}, which nobody may send`,
    sent: [close(code)],
    outcome: 1002,
  })),
  // Registered since the RFC.
  { name: "close 1014", sent: [close(1014)], outcome: 1014, fast: 1002 },
  { name: "close with a reason", sent: [close(1000, [...encoder.encode("köszönöm")])], outcome: 1000 },
  { name: "close without a code", sent: [frame(CLOSE, "")], outcome: "no code" },
  broken("close with half a code", frame(CLOSE, [3])),
  no_utf8("close with a reason that is not UTF-8", close(1000, [0xff, 0xfe])),
  { name: "text behind a close", sent: [close(1000), frame(TEXT, PING_MESSAGE)], outcome: 1000 },

  no_utf8("text that is not UTF-8", frame(TEXT, [0xff, 0xfe])),
  no_utf8("text that is not UTF-8, in parts", part(TEXT, [0xce]), frame(CONTINUATION, [0x41])),
  no_utf8("half a character at the end", frame(TEXT, [0x61, 0xce])),
  no_utf8("a surrogate", frame(TEXT, [0xed, 0xa0, 0x80])),
  no_utf8("a character of more bytes than it needs", frame(TEXT, [0xc0, 0xaf])),
  no_utf8("a character beyond Unicode", frame(TEXT, [0xf4, 0x90, 0x80, 0x80])),
];

/** What came of it: the first answer after the greeting, and then the end of the connection if there is one. */
async function outcomeOf(url: string, sent: Uint8Array[]): Promise<Outcome> {
  const raw = await RawSocket.upgrade(url);
  try {
    assert.equal((await raw.message()).type, "connection_established");
    for (const bytes of sent) await raw.send(bytes);
    const got = await raw.frame();
    if (got === undefined) return "dropped";
    const { opcode, payload } = got;
    if (opcode === PONG) return { echoed: decoder.decode(payload) };
    if (opcode === TEXT) {
      const { type, code } = JSON.parse(decoder.decode(payload));
      return { message: code ?? type };
    }
    assert.equal(opcode, CLOSE);
    assert.equal(await raw.frame(), undefined, "nothing follows a close");
    return payload.length === 0 ? "no code" : (payload[0]! << 8) | payload[1]!;
  } finally {
    raw.close();
  }
}

for (const transport of ["fast", "hardened"]) {
  Deno.test(`frames over the ${transport} transport`, async (t) => {
    const config = { limits: { enabled: false }, server: { transport } };
    await withApp({ config }, async (server) => {
      for (const { name, sent, outcome, fast = outcome } of CASES) {
        await t.step(name, async () => {
          // In one piece: a server that drops the connection would refuse a second one.
          const bytes = new Uint8Array(sent.flatMap((part) => [...part]));
          assert.deepEqual(await outcomeOf(server.url, [bytes]), transport === "fast" ? fast : outcome);
        });
      }

      await t.step("the bytes may come one by one", async () => {
        const bytes = [...frame(TEXT, PING_MESSAGE)].map((byte) => new Uint8Array([byte]));
        assert.deepEqual(await outcomeOf(server.url, bytes), { message: "pong" });
      });

      await t.step("many messages may come at once, and are answered in order", async () => {
        const raw = await RawSocket.upgrade(server.url);
        await raw.message();
        const messages = Array.from(
          { length: 200 },
          (_, i) => frame(TEXT, `{"type":"ping","timestamp":${i}}`),
        );
        await raw.send(new Uint8Array(messages.flatMap((bytes) => [...bytes])));
        for (let i = 0; i < messages.length; i++) assert.equal((await raw.message()).timestamp, i);
        raw.close();
      });
    });
  });
}
