/** What searches keep in memory: up to a bound, for a while. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { type ChunkHeader, emptyChunk } from "../../src/store/log_chunk.ts";
import { RecentTexts } from "../../src/store/log_recent_texts.ts";
import { decodeSearchText, type SearchText } from "../../src/store/log_search_text.ts";
import { FIRST_NODE } from "../../src/store/node_lease.ts";

const headerOf = (chunk: number): ChunkHeader => emptyChunk(FIRST_NODE, chunk, 1).header;
const encoded = (text: string) => new TextEncoder().encode(text);

Deno.test("texts are kept up to 64 MB, until they are forgotten, or a minute after the last search", () => {
  const timers = new Set<() => void>();
  const after = (_: number, action: () => void) => {
    timers.add(action);
    return { cancel: () => void timers.delete(action) };
  };
  const texts = new RecentTexts({ ...systemClock, after });
  const [first, second, third] = [headerOf(1), headerOf(2), headerOf(3)];
  const search: SearchText = { text: "", isPlain: true, bytes: 40 << 20 };
  const kept = () => [first, second, third].map((header) => texts.has(header));
  texts.put({ header: first, search });
  assert.deepEqual(kept(), [false, false, false], "nobody searches");
  texts.touch();
  texts.put({ header: first, search });
  texts.put({ header: second, search });
  texts.put({ header: third, search: { ...search, bytes: 24 << 20 } });
  assert.deepEqual(kept(), [true, false, true]);
  texts.forget(first);
  texts.forget(second);
  texts.put({ header: second, search });
  assert.deepEqual(kept(), [false, true, true]);
  texts.touch();
  assert.equal(timers.size, 1);
  for (const expire of timers) expire();
  assert.deepEqual(kept(), [false, false, false]);
});

Deno.test("a text beyond ASCII takes two bytes for each character, whatever it takes in the store", () => {
  const bytesOf = (text: string) => decodeSearchText(encoded(text)).bytes;
  assert.deepEqual(["step 1\n", "Schritt Ä\n", "步骤\n"].map(bytesOf), [7, 20, 6]);
});
