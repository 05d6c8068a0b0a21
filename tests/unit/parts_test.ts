/** Parts start in order and stop in reverse, whatever fails and whoever asks how often. */
import assert from "node:assert/strict";
import { HandClock } from "./fixtures/hand_clock.ts";
import { opened, type Part, Parts, StopFailure, stopInTime } from "../../src/boot/parts.ts";

/** Parts that write down what is done to them; `fails` names what throws. */
function recorded(names: string[], fails: string[] = []): { parts: Part[]; done: string[] } {
  const done: string[] = [];
  const act = (what: string) => async () => {
    await Promise.resolve();
    done.push(what);
    if (fails.includes(what)) throw new Error(what);
  };
  return { done, parts: names.map((name) => ({ name, start: act(`+${name}`), stop: act(`-${name}`) })) };
}

Deno.test("parts start in order and stop in reverse; repeating either does no harm", async () => {
  const { parts, done } = recorded(["a", "b", "c"]);
  const all = new Parts("all", parts);
  await Promise.all([all.start(), all.start()]);
  await Promise.all([all.stop(), all.stop()]);
  await all.stop();
  assert.deepEqual(done, ["+a", "+b", "+c", "-c", "-b", "-a"]);
});

Deno.test("a failed start starts nothing more, stops what had started, and says why", async () => {
  const { parts, done } = recorded(["a", "b", "c"], ["+b"]);
  const all = new Parts("all", parts);
  await assert.rejects(all.start(), /\+b/);
  await all.stop();
  assert.deepEqual(done, ["+a", "+b", "-c", "-b", "-a"]);
});

Deno.test("a part that fails to stop does not keep the others running", async () => {
  const { parts, done } = recorded(["a", "b", "c"], ["-b", "-c"]);
  const all = new Parts("all", parts);
  await all.start();
  await assert.rejects(all.stop(), new StopFailure("did not stop in order: c, b"));
  assert.deepEqual(done.slice(3), ["-c", "-b", "-a"]);
});

Deno.test("a part that never stops is left behind after the bound; one that fails says so", async () => {
  const clock = new HandClock();
  const hangs = opened("disk", () => new Promise<void>(() => {}));
  const stopping = stopInTime(new Parts("all", [hangs]), clock, 9000);
  const refused = assert.rejects(stopping, StopFailure);
  clock.pass(9000);
  await refused;
  const fails = opened("store", () => Promise.reject(new Error("full")));
  await assert.rejects(stopInTime(new Parts("all", [fails]), clock, 9000), /in order: store/);
  await stopInTime(new Parts("all", []), clock, 9000);
});

Deno.test("a stop during the start waits for the part that is starting and starts no others", async () => {
  const gate = Promise.withResolvers<void>();
  const { parts: [a, c], done } = recorded(["a", "c"]);
  const b: Part = { name: "b", start: () => gate.promise, stop: () => void done.push("-b") };
  const all = new Parts("all", [a!, b, c!]);
  const started = all.start();
  await Promise.resolve();
  const stopped = all.stop();
  gate.resolve();
  await Promise.all([started, stopped]);
  assert.deepEqual(done, ["+a", "-c", "-b", "-a"]);
});

Deno.test("parts can be nested, and parts that are already open only stop", async () => {
  const { parts, done } = recorded(["a"]);
  const inner = new Parts("inner", [opened("store", () => void done.push("-store")), ...parts]);
  const outer = new Parts("outer", [inner]);
  await outer.stop();
  assert.deepEqual(done, ["-a", "-store"]);
});
