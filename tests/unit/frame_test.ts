/** The frames that the hardened transport sends, read by ws, which did not write them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
// @ts-types="../../src/doors/transport/ws_types.d.ts"
import { Receiver } from "ws";
import { closeFrame, frame, OPCODE, textFrame } from "../../src/doors/transport/frame.ts";

/** What a client's receiver makes of the bytes. */
function read(bytes: Uint8Array): unknown[] {
  const events: unknown[] = [];
  const receiver = new Receiver({
    isServer: false,
    maxPayload: 1 << 24,
    maxFragments: 1,
    maxBufferedChunks: 10,
  });
  receiver.on("message", (data, isBinary) => events.push(["message", data.toString(), isBinary]));
  receiver.on("ping", (data) => events.push(["ping", data.toString()]));
  receiver.on("pong", (data) => events.push(["pong", data.toString()]));
  receiver.on("conclude", (code, reason) => events.push(["close", code, reason.toString()]));
  receiver._write(Buffer.from(bytes), "buffer", (error) => {
    if (error) events.push(error);
  });
  return events;
}

Deno.test("a text frame is read as the text, whatever its length in characters and bytes", () => {
  for (const size of [0, 1, 125, 126, 127, 21_845, 21_846, 65_535, 65_536, 200_000]) {
    for (const character of ["x", "é", "語"]) {
      const text = character.repeat(size);
      assert.deepEqual(read(textFrame(text)), [["message", text, false]], `${size} × ${character}`);
    }
  }
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
    assert.deepEqual(read(textFrame(text)), [["message", text, false]]);
  }));
});

Deno.test("half a surrogate pair is sent as the replacement character", () => {
  assert.deepEqual(read(textFrame("a\ud800b")), [["message", "a\ufffdb", false]]);
});

Deno.test("control frames carry what they are given", () => {
  const data = new TextEncoder().encode("x".repeat(125));
  assert.deepEqual(read(frame(OPCODE.ping, data)), [["ping", "x".repeat(125)]]);
  assert.deepEqual(read(frame(OPCODE.pong, new Uint8Array(0))), [["pong", ""]]);
  assert.deepEqual(read(closeFrame(undefined)), [["close", 1005, ""]]);
  assert.deepEqual(read(closeFrame(1013, "reader too slow")), [["close", 1013, "reader too slow"]]);
});

Deno.test("a close's reason is cut between characters to what fits", () => {
  assert.deepEqual(read(closeFrame(1008, "é".repeat(100))), [["close", 1008, "é".repeat(61)]]);
});
