/** What a program prints, as a person at a terminal sees it: unfinished lines, redrawn lines, and nothing twice. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_LINE_BYTES } from "../../src/agents/reporting/lines.ts";
import { type OutputPart, readOutput } from "../../src/agents/reporting/program_output.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A program whose output a test writes, and whose time it lets pass. */
function printing(isHeld?: (text: string) => boolean) {
  const clock = new HandClock();
  const parts: OutputPart[] = [];
  const redrawn: string[] = [];
  let heard = 0;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const done = readOutput(readable, {
    clock,
    part: (part) => void parts.push(part),
    onBytes: () => heard++,
    onRedraw: (text) => redrawn.push(text),
    isHeld,
  });
  return {
    clock,
    redrawn,
    get heard() {
      return heard;
    },
    /** Returns once all of it has been read. */
    async print(text: string | Uint8Array) {
      await writer.write(typeof text === "string" ? encode(text) : text);
      await new Promise((resolve) => setTimeout(resolve));
    },
    /** The parts since the last time, as `kind:news`, with the text if that is another. */
    take: () =>
      parts.splice(0).map(({ kind, text, news }) => `${kind}:${news}${text === news ? "" : ` (${text})`}`),
    async end() {
      await writer.close();
      await done;
      assert.equal(clock.timers, 0);
    },
  };
}

Deno.test("output: an unfinished line is shown once it is quiet, and its rest when it ends", async () => {
  const program = printing();
  await program.print("one\nName: ");
  assert.deepEqual(program.take(), ["line:one"]);
  program.clock.pass(999);
  assert.deepEqual(program.take(), []);
  program.clock.pass(1);
  assert.deepEqual(program.take(), ["draft:Name: "]);
  program.clock.pass(60_000);
  assert.deepEqual(program.take(), []);
  await program.print("Ann");
  program.clock.pass(1000);
  await program.print("e\r");
  await program.print("\nnext\n");
  assert.deepEqual(program.take(), ["draft:Ann (Name: Ann)", "line:e (Name: Anne)", "line:next"]);
  await program.print("a question? ");
  program.clock.pass(1000);
  await program.print("\n");
  assert.deepEqual(program.take(), ["draft:a question? ", "line: (a question? )"]);
  await program.print("end");
  await program.end();
  assert.deepEqual(program.take(), ["line:end"]);
});

Deno.test("output: dots are shown now and then while they come, and each once", async () => {
  const program = printing();
  for (let i = 0; i < 120; i++) {
    await program.print(".");
    program.clock.pass(200);
  }
  assert.equal(program.heard, 120);
  const shown = program.take();
  assert.deepEqual(shown.map((part) => part.split(":")[0]), ["draft", "draft"]);
  await program.print(" passed\n");
  await program.end();
  const news = [...shown, ...program.take()].map((part) => part.split(":")[1]!.replace(/ \(.*/, ""));
  assert.equal(news.join(""), ".".repeat(120) + " passed");
});

Deno.test("output: of a line that is redrawn only its last state is kept, and drafts of it are few", async () => {
  const program = printing();
  for (let percent = 0; percent < 100; percent++) {
    await program.print(`\r${percent} %`);
    program.clock.pass(300);
  }
  assert.equal(program.redrawn.at(-1), "99 %");
  const shown = program.take();
  assert.ok(shown.length <= 4, String(shown));
  await program.print("\r100 %\r\n");
  assert.deepEqual(program.take(), ["line:100 %"]);
  await program.print("10 %\r20 %\rdone\n");
  await program.print("|\b/\b-\b\\\bready\n");
  await program.print("\x1b[1Gfirst\x1b[1Gsecond\n");
  await program.print("50 %\x1b[2K\x1b[1000D60 %\n");
  await program.print("loading ...\x1b[3D.\x1b[Do𝄞𝄞\b\bk\n");
  assert.deepEqual(program.take(), [
    "line:done",
    "line:ready",
    "line:second",
    "line:60 %",
    "line:loading ok",
  ]);
  await program.end();
});

Deno.test("output: a progress bar that is erased in the end leaves no line, an empty line stays one", async () => {
  const program = printing();
  await program.print("bar\r   \r\n99 %\r\x1b[K\r\n\r\n\nlast");
  await program.end();
  assert.deepEqual(program.take(), ["line:", "line:", "line:last"]);
});

Deno.test("output: carriage returns without end take neither memory nor time", async () => {
  const program = printing();
  const returns = encode("\r".repeat(1 << 16));
  const between = encode("\r".repeat(1 << 16) + "x");
  // With work that grows with their square, or with what came before, this would take hours.
  for (let chunk = 0; chunk < 200; chunk++) await program.print(chunk % 2 === 0 ? returns : between);
  await program.print("end\n");
  await program.end();
  assert.deepEqual(program.take(), ["line:xend"]);
});

Deno.test("output: a redrawn line that is slow is not shown at each step", async () => {
  const program = printing();
  for (let step = 0; step < 60; step++) {
    await program.print(`step ${step}\r`);
    program.clock.pass(2000);
  }
  const shown = program.take();
  assert.ok(shown.length >= 10 && shown.length <= 14, String(shown));
  await program.end();
});

Deno.test("output: blank and held lines are not shown before their end", async () => {
  const program = printing((text) => text.startsWith("{"));
  for (const text of ["   ", "\x1b[0m"]) {
    await program.print(text);
    program.clock.pass(20_000);
  }
  await program.print("\n{half");
  program.clock.pass(20_000);
  assert.deepEqual(program.take(), ["line:   \x1b[0m"]);
  await program.print("}\n");
  await program.end();
  assert.deepEqual(program.take(), ["line:{half}"]);
});

Deno.test("output: a slow listener slows the program down", async () => {
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
  const done = readOutput(stream, {
    clock: new HandClock(),
    onBytes: () => {},
    part: () => {
      seen++;
      first.resolve();
      return gate.promise;
    },
  });
  await first.promise;
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert.equal(pulled, 1);
  gate.resolve();
  await done;
  assert.equal(seen, 50);
});

Deno.test("output: whatever is printed and whenever, the news repeat nothing and leave nothing out", async () => {
  const text = fc.oneof(
    fc.constantFrom("\n", "\r\n", "é", "€", "𝄞", "x", "a question? "),
    fc.record({ unit: fc.constantFrom("x", "𝄞"), times: fc.integer({ min: 4000, max: 9000 }) })
      .map(({ unit, times }) => unit.repeat(times)),
  );
  const step = fc.record({ text, then_ms: fc.constantFrom(0, 300, 1000, 12_000) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const clock = new HandClock();
      const parts: OutputPart[] = [];
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const done = readOutput(readable, { clock, onBytes: () => {}, part: (part) => void parts.push(part) });
      const writer = writable.getWriter();
      for (const { text, then_ms } of steps) {
        await writer.write(encode(text));
        await new Promise((resolve) => setTimeout(resolve));
        clock.pass(then_ms);
      }
      await writer.close();
      await done;
      const printed = steps.map(({ text }) => text).join("").replaceAll("\r\n", "\n");
      const ended = (part: OutputPart) => part.kind === "line" ? "\n" : "";
      const whole = printed === "" || printed.endsWith("\n") ? printed : `${printed}\n`;
      assert.equal(parts.map((part) => part.news + ended(part)).join(""), whole);
      const settled = parts.filter(({ kind }) => kind !== "draft");
      assert.equal(settled.map((part) => part.text + ended(part)).join(""), whole);
      assert.ok(parts.every(({ text }) => encode(text).length <= MAX_LINE_BYTES));
      assert.equal(clock.timers, 0);
    }),
    { numRuns: 60 },
  );
});
