/** Several real servers on one denokv. */
import assert from "node:assert/strict";
import { Denokv, denokvTest, withDenokv } from "../fixtures/denokv.ts";
import type { Door } from "../fixtures/door.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

const SLEEP = "600.0117";

function config({ url }: Denokv, node: string) {
  return {
    store: { url },
    cluster: { node, lease_ms: 3000 },
    agents: {
      quick: { protocol: "command", command: ["sh", "-c", "echo ran $TASK_ID"] },
      slow: {
        protocol: "command",
        command: ["sh", "-c", `[ $TASK_ATTEMPT = 1 ] && exec sleep ${SLEEP}; echo done`],
      },
    },
    limits: { enabled: false },
    tasks: { default_agent: "quick", max_attempts: 10 },
  };
}

/** A denokv, and servers on it with these names. */
function withNodes(names: readonly string[], test: (nodes: TestServer[], denokv: Denokv) => Promise<void>) {
  return withDenokv((denokv) => {
    const add = (nodes: TestServer[], [name, ...rest]: readonly string[]): Promise<void> =>
      name === undefined
        ? test(nodes, denokv)
        : withServer({ config: config(denokv, name) }, (node) => add([...nodes, node], rest), {
          DENO_KV_ACCESS_TOKEN: denokv.token,
        });
    return add([], names);
  });
}

async function start(door: Door, id: string, agent = "quick"): Promise<void> {
  const task = { id, type: "testing", priority: "medium", description: id, execution: { agent } };
  const { reply } = await door.post({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

async function stateOf(door: Door, task_id: string): Promise<Message> {
  const { reply } = await door.post({ type: "get_task_status", task_id });
  assert.equal(reply.type, "task_status", JSON.stringify(reply));
  return reply.task as Message;
}

/** The server that runs the task, and the other one. */
async function holderOf(id: string, nodes: readonly TestServer[]) {
  await until(async () => (await stateOf(nodes[0]!, id)).status === "running");
  const { node } = await stateOf(nodes[0]!, id);
  assert.ok(node === "one" || node === "two", `a node runs it: ${node}`);
  const [holder, heir] = node === "one" ? nodes : nodes.toReversed();
  return { holder: holder!, heir: heir! };
}

denokvTest(
  "a task that one server accepts is seen by the other, and runs once",
  () =>
    withNodes(["one", "two"], async ([one, two]) => {
      await start(one!, "t1");
      await until(async () => (await stateOf(two!, "t1")).status === "completed");
      for (const door of [one!, two!]) {
        await until(async () => (await stateOf(door, "t1")).status === "completed");
        const { reply } = await door.post({ type: "get_task_result", task_id: "t1" });
        assert.equal((reply.result as Message | undefined)?.output, "ran t1\n", JSON.stringify(reply));
      }
    }),
);

denokvTest(
  "what a killed server ran goes on at the other once its lease has run out, and counts as a retry",
  () =>
    withNodes(["one", "two"], async (nodes) => {
      await start(nodes[0]!, "long", "slow");
      const { holder, heir } = await holderOf("long", nodes);
      await holder.stop("SIGKILL");
      await until(async () => (await stateOf(heir, "long")).status === "completed");
      const ended = await stateOf(heir, "long");
      assert.deepEqual([ended.attempt, ended.retry_count], [2, 1]);
      await until(async () => await heir.processesMatching(`sleep ${SLEEP}`) === 0);
    }),
);

denokvTest(
  "what a server runs goes on at another when it is stopped, and counts as no retry",
  () =>
    withNodes(["one", "two"], async (nodes) => {
      await start(nodes[0]!, "long", "slow");
      const { holder, heir } = await holderOf("long", nodes);
      await holder.stop("SIGTERM");
      await until(async () => (await stateOf(heir, "long")).status === "completed");
      assert.equal((await stateOf(heir, "long")).retry_count, 0);
    }),
);

denokvTest(
  "the agents of a server that stands still are killed before another server runs their task; it joins again",
  () =>
    withNodes(["one", "two"], async (nodes) => {
      await start(nodes[0]!, "long", "slow");
      const { holder, heir } = await holderOf("long", nodes);
      await until(async () => await heir.processesMatching(`sleep ${SLEEP}`) === 1);
      Deno.kill(holder.pid, "SIGSTOP");
      await until(async () => (await stateOf(heir, "long")).attempt === 2);
      assert.equal(await heir.processesMatching(`sleep ${SLEEP}`), 0);
      await until(async () => (await stateOf(heir, "long")).status === "completed");
      Deno.kill(holder.pid, "SIGCONT");
      await until(async () => (await stateOf(holder, "long")).status === "completed");
      await start(holder, "after", "quick");
      await until(async () => (await stateOf(heir, "after")).status === "completed");
    }),
);

denokvTest(
  "a second server of one name ends with 1 and names it; the same folder has it at once",
  () =>
    withNodes(["one"], async ([one], denokv) => {
      const env = { DENO_KV_ACCESS_TOKEN: denokv.token };
      await assert.rejects(
        withServer({ config: config(denokv, "one") }, () => Promise.resolve(), env),
        /exit 1.*Another server on this store is the node 'one'/s,
      );
      await one!.restart("SIGKILL");
    }),
);

denokvTest(
  "a store that refuses the token, and one that is not there, end a start with the reason",
  () =>
    withDenokv(async (denokv) => {
      const started = (env: Record<string, string>) =>
        withServer({ config: { store: { url: denokv.url } } }, () => Promise.resolve(), env);
      await assert.rejects(started({ DENO_KV_ACCESS_TOKEN: "another" }), /refuses the access token/);
      await assert.rejects(
        started({ DENO_KV_ACCESS_TOKEN: "" }),
        /needs an access token: set DENO_KV_ACCESS_TOKEN/,
      );
      await denokv.stop();
      await assert.rejects(started({ DENO_KV_ACCESS_TOKEN: denokv.token }), /cannot be opened/);
      await denokv.start();
    }),
);
