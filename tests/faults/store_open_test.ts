/** What may be wrong with a data folder, and what the server says then. */
import { FORMAT } from "../../src/store/identity.ts";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { systemClock as clock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { foldIn } from "../../src/store/file_copy.ts";
import { encode } from "../../src/store/json.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { loadStore, openStore } from "../../src/store/open.ts";
import { timeLimit } from "../fixtures/time_limit.ts";

const POSIX = Deno.build.os !== "windows";
const OPEN_URL = new URL("../../src/store/open.ts", import.meta.url).href;
const CLOCK_URL = new URL("../../src/clock/clock.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

async function inFolder(test: (folder: string, path: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "oa-store-" });
  try {
    await test(`${dir}/data`, `${dir}/data/store.sqlite3`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function writeSomething(folder: string, entries = 2000): Promise<void> {
  const store = await openStore({ folder, clock });
  for (let i = 0; i < entries; i++) {
    await store.logs.append({
      level: "info",
      message: `entry ${i} ${"x".repeat(200)}`,
      agent: "a",
      source: "t",
    });
  }
  await store.close();
}

async function refusal(folder: string): Promise<ApiError> {
  try {
    const store = await openStore({ folder, clock });
    await store.close();
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  throw new Error("it was opened");
}

Deno.test("only the owner can read the folder and its files", { ignore: !POSIX }, async () => {
  await inFolder(async (folder) => {
    const store = await openStore({ folder, clock });
    await store.logs.append({ level: "info", message: "m", agent: "a", source: "s" });
    await store.logs.flush();
    const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;
    assert.equal(await modeOf(folder), 0o700);
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(files, ["server.lock", "store.sqlite3", "store.sqlite3-shm", "store.sqlite3-wal"]);
    for (const name of files) assert.equal(await modeOf(`${folder}/${name}`), 0o600, name);
    await store.close();
    assert.equal(await modeOf(`${folder}/clean-shutdown`), 0o600);
  });
});

Deno.test("the store keeps its id, and closing twice does no harm", async () => {
  await inFolder(async (folder) => {
    const first = await openStore({ folder, clock });
    await Promise.all([first.close(), first.close()]);
    assert.equal(first.closed, true);
    const second = await openStore({ folder, clock });
    assert.equal(second.id, first.id);
    await second.close();
  });
});

Deno.test("a second server fails at once and names the pid that holds the folder", async () => {
  await inFolder(async (folder) => {
    const store = await openStore({ folder, clock });
    const script = `
      const { openStore } = await import(${JSON.stringify(OPEN_URL)});
      const { systemClock: clock } = await import(${JSON.stringify(CLOCK_URL)});
      const began = performance.now();
      try { await openStore({ folder: ${JSON.stringify(folder)}, clock }); }
      catch ({ code, details }) { console.log(JSON.stringify({ code, details, ms: performance.now() - began })); }
      Deno.exit(0);`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", "--config", CONFIG, script],
    }).output();
    const { code, details, ms } = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual([code, details.pid, details.folder], ["PROCESS_ALREADY_EXISTS", Deno.pid, folder]);
    assert.ok(ms < timeLimit(5000));
    await store.close();
    // And the folder is free again.
    await (await openStore({ folder, clock })).close();
  });
});

Deno.test("a file that is not a database is refused and left as it is", async () => {
  await inFolder(async (folder, path) => {
    await Deno.mkdir(folder);
    const text = "this is somebody's letter\n".repeat(100);
    await Deno.writeTextFile(path, text);
    const error = await refusal(folder);
    assert.equal(error.code, "DATABASE_ERROR");
    assert.match(error.message, /--data/);
    assert.equal(await Deno.readTextFile(path), text);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "server.lock",
      "store.sqlite3",
    ]);
  });
});

Deno.test("another program's database is refused and left as it is", async () => {
  await inFolder(async (folder, path) => {
    await Deno.mkdir(folder);
    const database = new DatabaseSync(path);
    database.exec("CREATE TABLE letters (text TEXT)");
    database.close();
    const before = await Deno.readFile(path);
    const error = await refusal(folder);
    assert.match(error.message, /another program/);
    assert.deepEqual(await Deno.readFile(path), before);
  });
});

Deno.test("another program's Deno KV store is refused and left as it is", async () => {
  await inFolder(async (folder, path) => {
    await Deno.mkdir(folder);
    const kv = await Deno.openKv(path);
    await kv.set(["letters", 1], "dear reader");
    kv.close();
    await foldIn(path);
    const before = await Deno.readFile(path);
    const error = await refusal(folder);
    assert.equal(error.code, "DATABASE_ERROR");
    assert.match(error.message, /another program's data.*--data/);
    assert.ok(Buffer.compare(before, await Deno.readFile(path)) === 0, "a byte of it changed");
  });
});

Deno.test("damaged pages are refused, whether the shutdown was clean or not", async () => {
  await inFolder(async (folder, path) => {
    await writeSomething(folder);
    const size = (await Deno.stat(path)).size;
    const file = await Deno.open(path, { write: true });
    for (let at = 8192; at < size - 4096; at += 16_384) {
      await file.seek(at, Deno.SeekMode.Start);
      await file.write(crypto.getRandomValues(new Uint8Array(4096)));
    }
    file.close();
    const before = await Deno.readFile(path);
    for (const _ of ["clean", "unclean"]) {
      const error = await refusal(folder);
      assert.equal(error.code, "DATABASE_ERROR");
      assert.equal(error.details.file_path, path);
      assert.match(
        error.message,
        /Nothing in it was changed. Restore a backup with `opencode-agents restore/,
      );
      assert.ok(Buffer.compare(before, await Deno.readFile(path)) === 0, "a byte of it changed");
    }
  });
});

Deno.test("a truncated file is refused", async () => {
  await inFolder(async (folder, path) => {
    await writeSomething(folder);
    await Deno.truncate(path, Math.floor((await Deno.stat(path)).size / 2 / 4096) * 4096);
    const before = await Deno.readFile(path);
    assert.equal((await refusal(folder)).code, "DATABASE_ERROR");
    assert.ok(Buffer.compare(before, await Deno.readFile(path)) === 0, "a byte of it changed");
  });
});

Deno.test("a folder that cannot be created is reported", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(folder, "a file where the folder should be");
    const error = await refusal(folder);
    assert.equal(error.code, "FILESYSTEM_ERROR");
    assert.equal(error.details.file_path, folder);
  });
});

Deno.test("a store of a newer format is refused", async () => {
  const kv = new MemoryKeyValue();
  await kv.commit({ sets: [{ key: ["meta"], value: encode({ format: FORMAT + 1, id: "x" }) }] });
  await assert.rejects(
    loadStore(kv, clock),
    (error) =>
      error instanceof ApiError && error.code === "CONFIGURATION_ERROR" &&
      error.details.format === FORMAT + 1,
  );
});
