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

export const effort: Scenario = {
  name: "effort",
  title: "takes the task's effort, and refuses one that it does not have",
  async play(world, id) {
    const probed = await world.request({ type: "probe_agent", agent: world.agent });
    assert.equal(probed.type, "agent_probed", JSON.stringify(probed));
    const models = (probed.agent as { models?: { id: string; efforts?: string[] }[] }).models ?? [];
    const able = models.find(({ efforts = [] }) => efforts.length > 1);
    if (able === undefined) return "offers none";
    const choice = { model: able.id, effort: able.efforts!.at(-1) };
    const wrong = await world.ran(`${id}-wrong`, "mock:simple", { ...choice, effort: "no-such-effort" });
    assert.equal(wrong.status, "failed", "an effort that it does not have is refused");
    const task = await world.ran(id, "mock:simple", choice);
    assert.equal(task.status, "completed", String(task.error));
    return "yes";
  },
};

const MCP_SERVER = new URL("../../fixtures/touching_mcp_server.ts", import.meta.url).pathname;

export const mcp: Scenario = {
  name: "mcp",
  title: "uses an MCP server that the task names",
  async play(world, id) {
    const server = { name: "tasks", command: Deno.execPath(), args: ["run", "--quiet", "-A", MCP_SERVER] };
    const task = await world.ran(id, `mock:touch path=${id}.txt`, { mcp_servers: [server] });
    assert.equal(task.status, "completed", String(task.error));
    const done = `${(await world.result(id)).output}`;
    assert.equal(await world.file(`${id}.txt`), "by MCP", done);
    return "yes";
  },
};

export const delegation: Scenario = {
  name: "delegation",
  title: "`delegate`: gives work to another agent, and waits for it",
  async play(world, id) {
    const inner = `${id}-inner`;
    const prompt = `mock:delegate id=${inner} prompt="mock:simple text=inner-answer"`;
    const task = await world.ran(id, prompt, { delegate: true });
    assert.equal(task.status, "completed", String(task.error));
    assert.match(String((await world.result(id)).output), /inner-answer/);
    const { metadata } = await world.task(inner) as { metadata: { parent_task: string } };
    assert.equal(metadata.parent_task, id, "the parent is known");
    return "yes";
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
