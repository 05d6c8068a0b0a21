import assert from "node:assert/strict";
import { LineOutput } from "../../src/boot/line_output.ts";
import { systemClock } from "../../src/clock/clock.ts";

const text = (chunks: Uint8Array[]) => chunks.map((chunk) => new TextDecoder().decode(chunk)).join("");

/** An output onto a stream that the test closes, stalls and repairs. */
function broken() {
  const written: Uint8Array[] = [];
  const reasons: string[] = [];
  const stream = { fails: false, stalled: undefined as Promise<void> | undefined };
  const output = new LineOutput({
    clock: systemClock,
    async write(bytes) {
      await stream.stalled;
      if (stream.fails) throw new Error("No space left on device");
      // As a system call may: a part at a time.
      const part = bytes.slice(0, Math.max(1, Math.ceil(bytes.length / 2)));
      written.push(part);
      return part.length;
    },
    failed: (reason) => reasons.push(reason),
    gap: (count, reason) => `${count} lost: ${reason}\n`,
  });
  return { output, stream, reasons, written: () => text(written) };
}

Deno.test("lines are written whole and in order", async () => {
  const { output, written } = broken();
  output.write("one\n");
  output.write("two\n");
  await output.flush(1000);
  output.write("three\n");
  await output.flush(1000);
  assert.equal(written(), "one\ntwo\nthree\n");
});

Deno.test("a stream that fails costs its lines, which the first line after it counts", async () => {
  const { output, stream, reasons, written } = broken();
  stream.fails = true;
  for (const line of ["one\n", "two\n"]) output.write(line);
  await output.flush(1000);
  output.write("three\n");
  await output.flush(1000);
  assert.deepEqual(reasons, ["No space left on device"], "said once");
  stream.fails = false;
  output.write("four\n");
  await output.flush(1000);
  assert.equal(written(), "3 lost: No space left on device\nfour\n");
  output.write("five\n");
  await output.flush(1000);
  assert.match(written(), /four\nfive\n$/);
});

Deno.test("a reader that does not read costs memory up to a bound, and no waiting", async () => {
  const { output, stream, reasons, written } = broken();
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.stalled = promise;
  const line = "x".repeat(1023) + "\n";
  for (let i = 0; i < 5000; i++) output.write(line);
  await output.flush(1);
  assert.deepEqual(reasons, ["its reader does not read"]);
  assert.equal(written(), "");
  resolve();
  await output.flush(10_000);
  output.write("after\n");
  await output.flush(1000);
  const lines = written().trimEnd().split("\n");
  const kept = lines.filter((one) => one.startsWith("x")).length;
  assert.ok(kept <= 1024, `${kept} lines were kept`);
  const [, lost] = /(\d+) lost: its reader does not read/.exec(written()) ?? [];
  assert.equal(kept + Number(lost), 5000, "each line is written or counted");
});
