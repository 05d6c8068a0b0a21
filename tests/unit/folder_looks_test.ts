/** Folders on a file system that does not answer: a task there fails to start for now, and nothing hangs. */
import assert from "node:assert/strict";
import { ApiError } from "../../src/domain/errors.ts";
import { notStarted } from "../../src/engine/attempt/not_started.ts";
import { allowedWorkingDirs } from "../../src/engine/working_dir.ts";
import { FolderLooks } from "../../src/host/folder_looks.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

/** A system on which all below `/hangs` answers only when it is told to. */
class HalfGone {
  readonly asked: string[] = [];
  #answers: (() => void)[] = [];

  readonly realPath = (path: string) => this.#ask(path, path.replace(/^\/link/, "/here"));
  readonly enterFolder = (path: string) => this.#ask(path, undefined);
  readonly repositoryRoot = (path: string) => this.#ask(path, path);

  answer(): void {
    for (const answer of this.#answers.splice(0)) answer();
  }

  async #ask<T>(path: string, found: T): Promise<T> {
    this.asked.push(path);
    if (path.startsWith("/hangs")) await new Promise<void>((resolve) => this.#answers.push(resolve));
    return found;
  }
}

function world(allowed: string[] = ["/here", "/hangs"]) {
  const clock = new HandClock();
  const system = new HalfGone();
  const looks = new FolderLooks(clock, system);
  return { clock, system, looks, dirs: allowedWorkingDirs(looks, "/", "/here", allowed) };
}

async function refusalOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(() => undefined, (error) => error);
  assert.ok(error instanceof ApiError, String(error));
  return error;
}

/** Lets all go on that need not wait. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("a folder that does not answer in time is refused for now, which says when to try again", async () => {
  const { clock, dirs } = world();
  const refusal = refusalOf(dirs.resolve("/hangs/a"));
  await settle();
  clock.pass(10_000);
  const { code, message, details } = await refusal;
  assert.equal(code, "SERVICE_UNAVAILABLE");
  assert.match(message, /^The folder '\/hangs\/a' does not answer\. /);
  assert.ok((details.retry_after_seconds as number) > 0);
  assert.equal(clock.timers, 0);
});

Deno.test("a task that cannot start because of it is tried again, without an attempt", async () => {
  const { clock, dirs } = world();
  const refusal = refusalOf(dirs.real("/hangs/project"));
  await settle();
  clock.pass(10_000);
  const { failure } = notStarted("t", await refusal);
  assert.equal(failure.kind, "overloaded");
  assert.match(failure.message, /does not answer/);
});

Deno.test("others go on: folders elsewhere, and those that are allowed beside one that hangs", async () => {
  const { dirs } = world();
  assert.equal(await dirs.resolve("/link/x"), "/here/x");
  assert.equal(await dirs.resolve(undefined), "/here");
  assert.equal(await dirs.real("/link"), "/here");
});

Deno.test("many who ask share one look, and who asks later is refused at once, until it answers", async () => {
  const { clock, system, dirs } = world();
  const refusals = Array.from({ length: 20 }, () => refusalOf(dirs.resolve("/hangs/a")));
  await settle();
  clock.pass(10_000);
  await Promise.all(refusals);
  await refusalOf(dirs.resolve("/hangs/a"));
  assert.equal(
    system.asked.filter((path) => path === "/hangs/a").length,
    2,
    "its place, and whether it opens",
  );
  system.answer();
  await settle();
  const found = dirs.resolve("/hangs/a");
  await settle();
  system.answer();
  assert.equal(await found, "/hangs/a");
});

Deno.test("not more looks are late than others can spare threads for", async () => {
  const { clock, system, looks } = world();
  const refusals = Array.from({ length: 40 }, (_, i) => refusalOf(looks.realPath(`/hangs/${i}`)));
  clock.pass(10_000);
  await Promise.all(refusals);
  const before = system.asked.length;
  const refusal = await refusalOf(looks.realPath("/hangs/another"));
  assert.match(refusal.message, /'\/hangs\/another' does not answer/);
  assert.equal(system.asked.length, before);
  system.answer();
  await settle();
  assert.equal(await looks.realPath("/here"), "/here");
});

Deno.test("a name outside the allowed folders is refused as such, whether or not it answers", async () => {
  const { clock, dirs } = world(["/here"]);
  const refusal = refusalOf(dirs.resolve("/hangs/a"));
  await settle();
  clock.pass(10_000);
  assert.match((await refusal).message, /is outside tasks\.allowed_dirs/);
});
