/** What was acknowledged is there after the process was killed, or the disk was full. */
import assert from "node:assert/strict";
import { SERVER } from "../../src/domain/actor.ts";
import { systemClock as clock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { openStore } from "../../src/store/open.ts";
import { maySmallDisk, smallDisk, unmount } from "./fixtures/small_disk.ts";
import { storedTask } from "./fixtures/stored_task.ts";

const WORKER = new URL("store_crash_worker.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const ROUNDS = 5;

/** What one process was told is committed. */
interface Acknowledged {
  /** Task id → progress. */
  tasks: Map<string, number>;
  logs: number;
}

/**
 * Lets a process write until it has told of so many commits; then it kills itself, or is killed a little later. With
 * `halted` it is stopped in the middle of what it does, and killed when that has resolved.
 */
async function writeAndKill(
  folder: string,
  round: number,
  lines: number,
  by: "itself" | "us",
  halted?: () => Promise<void>,
): Promise<Acknowledged> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "-A",
      "--config",
      CONFIG,
      WORKER,
      folder,
      String(round),
      String(by === "itself" ? lines : 0),
    ],
    stdout: "piped",
  }).spawn();
  const told: string[] = [];
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const pieces = (rest + text).split("\n");
    // The last piece may be a line cut short: it does not count as told.
    rest = pieces.pop()!;
    const before = told.length;
    told.push(...pieces);
    if (by === "itself" || before >= lines || told.length < lines) continue;
    if (halted) {
      child.kill("SIGSTOP");
      await halted();
    }
    child.kill("SIGKILL");
  }
  assert.equal((await child.status).signal, "SIGKILL");
  const acknowledged: Acknowledged = { tasks: new Map(), logs: 0 };
  for (const line of told) {
    const [kind, name, progress] = line.split(" ");
    if (kind === "task") acknowledged.tasks.set(name!, Number(progress));
    else acknowledged.logs = Number(name);
  }
  return acknowledged;
}

async function check(folder: string, round: number, { tasks, logs }: Acknowledged): Promise<void> {
  const store = await openStore({ folder, clock });
  try {
    for (const [id, progress] of tasks) {
      const found = store.tasks.get(id);
      assert.ok(found && found.state.progress >= progress, `${id} at ${progress}: ${found?.state.progress}`);
      assert.equal(found.spec.execution?.prompt?.length, 500);
      if (found.state.progress !== 1) continue;
      assert.deepEqual(await store.outputs.get(id, 1), { output: `output of ${id}` });
    }
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.logs.query({ order: "asc", limit: 1000, agents: [`r${round}`], cursor });
      found.push(...page.entries.map(({ message }) => message));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    assert.ok(found.length >= logs, `${found.length} of ${logs} entries`);
    // No entry is lost in between, and none stands there twice.
    assert.deepEqual(found, found.map((_, i) => `${round}/${Math.floor(i / 20)}/${i % 20}`));
  } finally {
    await store.close();
  }
}

Deno.test(
  "what was acknowledged is there after kill -9",
  { ignore: Deno.build.os === "windows" },
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "oa-crash-" });
    try {
      const rounds: Acknowledged[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const lines = 50 + Math.floor(Math.random() * 1500);
        rounds.push(await writeAndKill(`${dir}/data`, round, lines, round % 2 === 0 ? "itself" : "us"));
        // Those of earlier rounds are still there as well.
        for (const [n, acknowledged] of rounds.entries()) await check(`${dir}/data`, n, acknowledged);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

/** What a loss of power may leave behind what was synced: the beginning of a frame, or what an older file held there. */
const TORN: Record<string, (wal: Uint8Array) => Uint8Array> = {
  "as it was": (wal) => wal,
  "a frame cut short at its end": (wal) => joinedBytes(wal, wal.subarray(32, 32 + 24 + 1000)),
  "noise at its end": (wal) => joinedBytes(wal, crypto.getRandomValues(new Uint8Array(9000))),
};

function joinedBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

async function copyIfThere(from: string, to: string): Promise<void> {
  await Deno.copyFile(from, to).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

Deno.test(
  "what was acknowledged is in the files as they stand at any moment, as a machine that dies leaves them",
  { ignore: Deno.build.os === "windows" },
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "oa-copy-" });
    try {
      for (const [n, [name, tear]] of Object.entries(TORN).entries()) {
        const copy = `${dir}/copy${n}`;
        const halted = async () => {
          await Deno.mkdir(copy, { mode: 0o700 });
          await Deno.copyFile(`${dir}/data/store.sqlite3`, `${copy}/store.sqlite3`);
          const wal = await Deno.readFile(`${dir}/data/store.sqlite3-wal`);
          assert.ok(wal.length > 0, "nothing was in the write-ahead log");
          await Deno.writeFile(`${copy}/store.sqlite3-wal`, tear(wal));
          // The index over the log, which does not survive a machine's end; where it does, it is not to be trusted.
          if (n > 0) await copyIfThere(`${dir}/data/store.sqlite3-shm`, `${copy}/store.sqlite3-shm`);
        };
        const lines = 200 + Math.floor(Math.random() * 1500);
        const acknowledged = await writeAndKill(`${dir}/data`, n, lines, "us", halted);
        assert.ok(acknowledged.tasks.size > 0 && acknowledged.logs > 0, name);
        await check(copy, n, acknowledged);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

Deno.test(
  "a full disk refuses writes, keeps what is there, and recovers",
  { ignore: !maySmallDisk },
  async () => {
    const dir = await smallDisk();
    try {
      await Deno.writeFile(`${dir}/ballast`, new Uint8Array(4 << 20));
      const store = await openStore({ folder: `${dir}/data`, clock });
      const kept: string[] = [];
      let failure: unknown;
      for (let i = 0; i < 1000 && !failure; i++) {
        const id = `t${i}`;
        const record = storedTask(id, "x".repeat(50_000));
        await store.tasks.update(() => ({ creates: [record] }), SERVER).then(
          () => kept.push(id),
          (error) => failure = error,
        );
      }
      assert.ok(failure instanceof ApiError && failure.code === "DISK_SPACE_EXCEEDED", String(failure));
      assert.ok(kept.length > 10);
      store.logs.append({ level: "info", message: "m".repeat(50_000), agent: "a", source: "s" });
      await assert.rejects(store.logs.flush(), (error) => error instanceof ApiError);
      assert.deepEqual((await store.logs.query({ order: "desc", limit: 1 })).entries, []);
      assert.equal(store.tasks.get(kept[0]!)?.spec.execution?.prompt?.length, 50_000);

      await Deno.remove(`${dir}/ballast`);
      await store.logs.flush();
      await store.tasks.update(() => ({ removes: [kept.pop()!] }), SERVER);
      await store.close();
      const again = await openStore({ folder: `${dir}/data`, clock });
      assert.deepEqual([...again.tasks.values()].map(({ id }) => id).sort(), kept.sort());
      assert.equal(again.logs.size, 1);
      await again.close();
    } finally {
      await unmount(dir);
    }
  },
);
