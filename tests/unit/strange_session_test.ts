/** Whether an attempt can load the session of an earlier one. */
import assert from "node:assert/strict";
import { strangeTo } from "../../src/engine/attempt/run_request.ts";

const SESSION = { agent: "a", session_id: "s", working_dir: "/work", node: "node_1" };
const HERE = { agent: "a", working_dir: "/work", node: "node_1" };

Deno.test("a session is loaded by the same agent in the same folder on the same node only", () => {
  assert.equal(strangeTo(SESSION, HERE), undefined);
  assert.equal(strangeTo(SESSION, { ...HERE, agent: "b" }), "of agent 'a'");
  assert.equal(strangeTo(SESSION, { ...HERE, working_dir: "/other" }), "of the folder /work");
  assert.equal(strangeTo(SESSION, { ...HERE, node: "node_2" }), "on node 'node_1'");
  // Written by an earlier version, which knew no nodes.
  assert.equal(strangeTo({ ...SESSION, node: undefined }, HERE), undefined);
});
