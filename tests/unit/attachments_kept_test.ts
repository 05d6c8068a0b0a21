/** How much an actor may have unused, and when files go: on a clock that the test moves. */
import assert from "node:assert/strict";
import {
  ATTACHMENT_MAX_BYTES,
  UNUSED_KEPT_MS,
  UNUSED_MAX_BYTES,
} from "../../src/domain/attachment_bounds.ts";
import type { Actor } from "../../src/domain/actor.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { Attachments } from "../../src/engine/attachments.ts";
import { AttachmentFiles } from "../../src/store/attachment_files.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const KEY: Actor = { kind: "key", id: "key_1", name: "ci", tenant: "default" };
const OTHER: Actor = { ...KEY, id: "key_2" };

/** A store of tasks and schedules that name these attachments. */
function storeOf(tasks: string[][], schedules: string[][] = []) {
  const spec = (attachments: string[]) => ({ execution: { attachments } });
  return {
    tasks: { values: () => tasks.map((ids) => ({ spec: spec(ids), state: {} })) },
    schedules: { values: () => schedules.map((ids) => ({ spec: { task: spec(ids) } })) },
  } as unknown as ConstructorParameters<typeof Attachments>[0]["store"];
}

async function withFiles(test: (files: AttachmentFiles, clock: HandClock) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const clock = new HandClock();
    await test(await AttachmentFiles.open(`${folder}/attachments`, clock), clock);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const file = (bytes: number) => ({
  body: new Blob([new Uint8Array(bytes)]).stream(),
  name: "x.bin",
  mime_type: undefined,
});

Deno.test("attachments kept: unused ones go after an hour, used ones stay as long as a task or schedule names them", () =>
  withFiles(async (files, clock) => {
    const tasks: string[][] = [];
    const schedules: string[][] = [];
    const attachments = new Attachments({ clock, files, store: storeOf(tasks, schedules) });
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push((await attachments.add(file(1), KEY)).id);
    tasks.push([ids[0]!]);
    schedules.push([ids[1]!]);
    clock.pass(UNUSED_KEPT_MS - 1);
    attachments.claim([ids[2]!], "default");
    assert.equal(await attachments.sweep(), 0);
    clock.pass(1);
    assert.equal(await attachments.sweep(), 1, "the one that nobody uses");
    assert.deepEqual(ids.map((id) => files.find(id) !== undefined), [true, true, true, false]);
    await assert.rejects(() => Deno.stat(files.pathOf({ id: ids[3]! })), Deno.errors.NotFound);
    clock.pass(600_000);
    assert.equal(await attachments.sweep(), 1, "the one whose task was never stored");
    tasks.pop();
    assert.equal(await attachments.sweep(), 1, "the one whose task is gone");
    schedules.pop();
    assert.equal(await attachments.sweep(), 1);
    assert.throws(() => attachments.claim([ids[0]!], "default"), ApiError);
  }));

Deno.test("attachments kept: unused ones of one actor have a bound, also while several arrive at once", () =>
  withFiles(async (files, clock) => {
    const tasks: string[][] = [];
    const attachments = new Attachments({ clock, files, store: storeOf(tasks) });
    const whole = UNUSED_MAX_BYTES / ATTACHMENT_MAX_BYTES;
    const uploads = await Promise.allSettled(
      Array.from({ length: whole + 2 }, () => attachments.add(file(ATTACHMENT_MAX_BYTES), KEY)),
    );
    const kept = uploads.flatMap((one) => one.status === "fulfilled" ? [one.value.id] : []);
    assert.ok(kept.length <= whole && kept.length >= whole - 2, String(kept.length));
    for (let left = whole - kept.length; left > 0; left--) {
      await attachments.add(file(ATTACHMENT_MAX_BYTES), KEY);
    }
    await assert.rejects(() => attachments.add(file(1), KEY), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.code, "RATE_LIMIT_EXCEEDED");
      assert.equal(error.details.retry_after_seconds, UNUSED_KEPT_MS / 1000);
      return true;
    });
    await attachments.add(file(1), OTHER);
    tasks.push([kept[0]!]);
    await attachments.add(file(1), KEY);
  }));
