import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_LINE_BYTES, readLines } from "../../src/agents/reporting/lines.ts";

interface Piece {
  text: string;
  ends_line: boolean;
}

async function piecesOf(chunks: Uint8Array[]): Promise<Piece[]> {
  const pieces: Piece[] = [];
  await readLines(ReadableStream.from(chunks), (text, ends_line) => {
    pieces.push({ text, ends_line });
  });
  return pieces;
}

/** Cuts `bytes` at the given places, in any order and number. */
function cutAt(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.slice(index === 0 ? 0 : ends[index - 1], end));
}

const encode = (text: string) => new TextEncoder().encode(text);
const texts = (pieces: Piece[]) => pieces.map((piece) => piece.text);

Deno.test("lines: every kind of line end", async () => {
  assert.deepEqual(texts(await piecesOf([encode("a\nb\r\n\nlast")])), ["a", "b", "", "last"]);
  assert.deepEqual(texts(await piecesOf([encode("a\r"), encode("\nb\n")])), ["a", "b"]);
  assert.deepEqual(await piecesOf([]), []);
  assert.deepEqual(texts(await piecesOf([encode("\n")])), [""]);
});

Deno.test("lines: bytes that are not UTF-8 become U+FFFD", async () => {
  assert.deepEqual(texts(await piecesOf([new Uint8Array([0x61, 0xff, 0x62, 0x0a, 0xe2, 0x82])])), [
    "a\ufffdb",
    "\ufffd",
  ]);
});

Deno.test("lines: a long line comes in pieces that split no character", async () => {
  const line = "a" + "𝄞".repeat(MAX_LINE_BYTES / 2);
  const pieces = await piecesOf([encode(`${line}\nnext`)]);
  assert.ok(pieces.length > 2);
  assert.ok(pieces.every((piece) => encode(piece.text).length <= MAX_LINE_BYTES));
  assert.ok(pieces.every((piece) => !piece.text.includes("\ufffd")));
  assert.deepEqual(pieces.map((piece) => piece.ends_line), [
    ...new Array(pieces.length - 2).fill(false),
    true,
    true,
  ]);
  assert.equal(texts(pieces.slice(0, -1)).join(""), line);
});

Deno.test("lines: the longest line that fits is one, with either line end", async () => {
  const line = "x".repeat(MAX_LINE_BYTES);
  for (const end of ["\n", "\r\n", ""]) {
    for (const size of [1000, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, 100_000]) {
      const bytes = encode(line + end);
      const cuts = Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => (i + 1) * size);
      assert.deepEqual(await piecesOf(cutAt(bytes, cuts)), [{ text: line, ends_line: true }]);
    }
  }
});

Deno.test("lines: whatever the chunks, nothing is lost, repeated or too long", async () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.constantFrom("\n", "\r\n", "\r", "é", "€", "𝄞", "x").map(encode),
    fc.record({ unit: fc.constantFrom("x", "é", "€", "𝄞"), times: fc.integer({ min: 4000, max: 20_000 }) })
      .map(({ unit, times }) => encode(unit.repeat(times))),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      async (parts, places) => {
        const bytes = new Uint8Array(parts.flatMap((piece) => [...piece]));
        const pieces = await piecesOf(cutAt(bytes, places));
        assert.ok(pieces.every((piece) => encode(piece.text).length <= MAX_LINE_BYTES));
        const expected = new TextDecoder().decode(bytes).split("\n");
        if (expected.at(-1) === "") expected.pop();
        const lines: string[] = [];
        let line = "";
        for (const { text, ends_line } of pieces) {
          line += text;
          if (ends_line) {
            lines.push(line);
            line = "";
          }
        }
        assert.equal(line, "");
        assert.deepEqual(lines, expected.map((text) => text.endsWith("\r") ? text.slice(0, -1) : text));
        assert.deepEqual(pieces, await piecesOf([bytes]), "the chunks' borders make no difference");
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("lines: a slow listener slows the stream down", async () => {
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      if (pulled > 50) controller.close();
      else controller.enqueue(encode("line\n"));
    },
  }, { highWaterMark: 0 });
  const gate = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  let seen = 0;
  const done = readLines(stream, () => {
    seen++;
    first.resolve();
    return gate.promise;
  });
  await first.promise;
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert.equal(pulled, 1);
  gate.resolve();
  await done;
  assert.equal(seen, 50);
});
