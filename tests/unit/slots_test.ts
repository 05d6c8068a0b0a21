/** How many tasks run at once where nobody has said so. */
import assert from "node:assert/strict";
import { loadConfig, slotsFor } from "../../src/boot/config_file.ts";

const GIB = 2 ** 30;

Deno.test("slots: one per GiB of memory, at least one, at most the default", () => {
  const slots = [0.5, 1, 2.9, 4, 64].map((gib) => slotsFor(4, gib * GIB));
  assert.deepEqual(slots, [1, 1, 2, 4, 4]);
  assert.equal(slotsFor(4, undefined), 4, "where the memory cannot be seen");
});

Deno.test("slots: a configured number is used regardless of memory", async () => {
  const file = await Deno.makeTempFile();
  try {
    const asked = Math.min(1000, 1 + Math.floor(Deno.systemMemoryInfo().total / GIB));
    await Deno.writeTextFile(file, JSON.stringify({ tasks: { max_concurrent: asked } }));
    assert.equal((await loadConfig({ config: file })).config.tasks.max_concurrent, asked);
  } finally {
    await Deno.remove(file);
  }
});
