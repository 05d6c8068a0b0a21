/** Tasks whose agent cannot be held to their permission policy: refused if they say `deny`, else told. */
import assert from "node:assert/strict";
import { withServer } from "../fixtures/server.ts";

type Fields = Record<string, unknown>;

const CONFIG = {
  limits: { enabled: false },
  agents: {
    sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
    mine: { protocol: "acp", command: ["my-agent", "--acp"] },
    wrapped: { protocol: "acp", command: ["my-wrapper"], profile: "claude" },
  },
  tasks: { default_agent: "sh", agent_by_type: { research: "opencode" } },
};

const task = (id: string, execution: Fields, more: Fields = {}) => ({
  id,
  type: "testing",
  priority: "medium",
  description: id,
  execution: { prompt: "true", ...execution },
  ...more,
});

Deno.test("a task that denies all requests is refused if its agent asks for nothing", () =>
  withServer({ config: CONFIG }, async (server) => {
    const socket = await server.connect();
    const deny = { permissions: "deny" };
    const refused = (reply: Fields, agent: string) => {
      const { code, message, details } = reply as { code: string; message: string; details: Fields };
      assert.equal(code, "INVALID_FIELD_VALUE", JSON.stringify(reply));
      assert.deepEqual([details.field, details.value, details.expected, details.agent], [
        "task.execution.permissions",
        "deny",
        ["ask", "allow"],
        agent,
      ]);
      assert.match(message, new RegExp(`agent '${agent}'`));
    };
    refused(await socket.request({ type: "start_task", task: task("a", deny) }), "sh");
    refused(
      await socket.request({ type: "start_task", task: task("a", { ...deny, agent: "mine" }) }),
      "mine",
    );
    const scheduled_time = new Date(Date.now() + 3_600_000).toISOString();
    refused(
      await socket.request({ type: "schedule_task", task: task("b", deny, { scheduled_time }) }),
      "sh",
    );
    const batch = await socket.request({
      type: "batch",
      requests: [
        { type: "start_task", task: task("c", deny) },
        { type: "start_task", task: task("d", { permissions: "ask" }) },
      ],
    }) as unknown as { responses: Fields[] };
    refused(batch.responses[0]!, "sh");
    assert.equal(batch.responses[1]!.type, "task_started");
    const { reply } = await server.post({ type: "start_task", task: task("e", deny) });
    refused(reply, "sh");

    // A known agent can be held, also behind a wrapper that the configuration names, and as the default of a type.
    for (
      const held of [
        task("f", { ...deny, agent: "wrapped" }),
        task("g", { ...deny, agent: "codex" }),
        task("h", deny, { type: "research" }),
      ]
    ) {
      assert.equal((await socket.request({ type: "start_task", task: held })).type, "task_started");
    }
    const list = await socket.request({ type: "list_tasks" }) as unknown as { tasks: { id: string }[] };
    assert.deepEqual(list.tasks.map(({ id }) => id).sort(), ["d", "f", "g", "h"]);
  }));
