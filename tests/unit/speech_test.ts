/** What an agent says is put together again from its log entries, however it came in pieces. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { EventQueue } from "../../src/agents/reporting/event_queue.ts";
import { Speech } from "../../src/agents/acp/speech.ts";
import { systemClock } from "../../src/clock/clock.ts";
import type { RunEvent } from "../../src/domain/run.ts";

interface Noted {
  message: string;
  details?: Record<string, unknown>;
}

/** What the log has of these chunks; `null` stands for the pause after which a speech is written down as far as it is. */
async function logged(chunks: readonly (string | null)[]): Promise<Noted[]> {
  const noted: Noted[] = [];
  const events = new EventQueue("task", (event: RunEvent) => {
    if (event.kind === "log") noted.push(event);
    return Promise.resolve();
  });
  const speech = new Speech(systemClock, events, () => {});
  for (const text of chunks) {
    if (text === null) await speech.flush();
    else await speech.chunk({ sessionUpdate: "agent_message_chunk", content: { text } });
  }
  await speech.flush();
  return noted;
}

const joined = (noted: readonly Noted[]) =>
  noted.map(({ message, details }, index) =>
    (index === 0 ? "" : String(details?.joined_by ?? "\n\n")) + message
  )
    .join("");

Deno.test("speech: the entries of a message tell what stood between them", async () => {
  const noted = await logged([
    "One work",
    null,
    "er keeps",
    " the order:\n",
    null,
    "```\nif a:\n",
    "\n    b\n```\n\nDone.",
  ]);
  assert.equal(joined(noted), "One worker keeps the order:\n```\nif a:\n\n    b\n```\n\nDone.");
});

Deno.test("speech: whatever the pieces, the text is the same", async () => {
  const piece = fc.stringMatching(/^[ab \n]{0,6}$/);
  await fc.assert(fc.asyncProperty(fc.array(fc.option(piece), { maxLength: 12 }), async (chunks) => {
    const whole = chunks.join("").trim();
    assert.equal(joined(await logged(chunks)), whole);
  }));
});

Deno.test("speech: paragraphs say nothing of what is between them", async () => {
  const noted = await logged(["One.\n\n", "Two.\n\nThree."]);
  assert.deepEqual(noted.map(({ message, details }) => ({ message, details })), [
    { message: "One.", details: undefined },
    { message: "Two.", details: undefined },
    { message: "Three.", details: undefined },
  ]);
});
