/** What the real agents do with a task's attachments: whether their model sees the image and the text. */
import assert from "node:assert/strict";
import { crc32, deflateSync } from "node:zlib";
import { Buffer } from "node:buffer";
import { ran } from "../agents/fixtures/acp_run.ts";
import type { AgentName } from "../fixtures/agents.ts";
import { longTest } from "../fixtures/tier.ts";
import { withAgent } from "./fixtures/real_agent.ts";

/** A square of one color. */
function png(pixels: number): Uint8Array {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(pixels, 0);
  head.writeUInt32BE(pixels, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(3 * pixels, 0x80)]);
  const rows = Buffer.concat(Array.from({ length: pixels }, () => row));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", new Uint8Array()),
  ]);
}

for (const name of ["opencode", "claude", "codex", "gemini"] satisfies AgentName[]) {
  longTest(
    `${name}: its model sees an attached image and text, and reads of a file`,
    () =>
      withAgent(name, async (bench, ask, model) => {
        const kept = async (id: string, mime_type: string, content: Uint8Array) => {
          await Deno.writeFile(`${bench.folder}/${id}`, content);
          return { id, name: id, mime_type, bytes: content.length, path: `${bench.folder}/${id}` };
        };
        const attachments = [
          await kept("square.png", "image/png", png(64)),
          await kept("words.md", "text/markdown", new TextEncoder().encode("# MAGICWORD")),
          await kept("paper.pdf", "application/pdf", new TextEncoder().encode("%PDF-1.4")),
        ];
        const { outcome } = await ran(bench, ask("mock:simple", { attachments }));
        assert.equal(outcome.status, "completed", outcome.failure?.message);
        const seen = model.requests.filter(({ side }) => !side);
        assert.ok(seen.some(({ images }) => images > 0), "an image");
        // Gemini drops the images of a prompt that has a text beside them, so the text is a file.
        const words = name === "gemini" ? ".attachments-task-1/words.md" : "# MAGICWORD";
        assert.ok(seen.some(({ text }) => text.includes(words)), "a text");
        assert.ok(seen.some(({ text }) => text.includes(".attachments-task-1/paper.pdf")), "a file");
        assert.deepEqual(await Array.fromAsync(Deno.readDir(`${bench.folder}/work`), ({ name }) => name), []);
      }),
  );
}
