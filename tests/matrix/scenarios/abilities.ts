/** What an agent takes from its task. */
import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

/** The models that the scripted provider has, by agent: one that is not its default. */
const OTHER_MODEL = { opencode: "test/m2", claude: "opus", codex: "gpt-5.5", gemini: "gemini-2.5-pro" };

export const model: Scenario = {
  name: "model",
  title: "takes the task's model, and refuses one that it does not have",
  async play(world, id) {
    const wrong = await world.ran(`${id}-wrong`, "mock:simple", { model: "no-such-model" });
    assert.equal(wrong.status, "failed", "a model that it does not have is refused");
    const task = await world.ran(id, `mock:simple text=${id}`, { model: OTHER_MODEL[world.agent] });
    assert.equal(task.status, "completed", String(task.error));
    return "yes";
  },
};

export const image: Scenario = {
  name: "image",
  title: "sees an attached image",
  async play(world, id) {
    const attachment = await attach(world);
    const task = await world.ran(id, `mock:simple text=${id}`, { attachments: [attachment] });
    assert.equal(task.status, "completed", String(task.error));
    const asked = world.model.requests.filter(({ prompt, side }) => !side && prompt.includes(`text=${id}`));
    return asked.some(({ images }) => images > 0) ? "yes" : "as a file";
  },
};

/** A picture of one pixel. */
const PNG = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
);

async function attach(world: World): Promise<string> {
  const response = await fetch(`${world.server.url}/attachments`, {
    method: "POST",
    headers: { "content-type": "image/png", "x-filename": "pixel.png" },
    body: PNG,
  });
  const { id } = await response.json();
  assert.ok(response.ok, `attachment refused: ${response.status}`);
  return id;
}
