/** Writes to a connection that takes as much as the test says, and when the test says. */
import assert from "node:assert/strict";
import { TcpWriter } from "../../src/doors/transport/tcp_writer.ts";

class SlowConnection {
  /** What each write was given. */
  readonly writes: string[] = [];
  #pending: PromiseWithResolvers<number> | undefined;

  write(bytes: Uint8Array): Promise<number> {
    assert.equal(this.#pending, undefined, "one write at a time");
    this.writes.push(new TextDecoder().decode(bytes));
    this.#pending = Promise.withResolvers();
    return this.#pending.promise;
  }

  async takes(size: number): Promise<void> {
    const { resolve } = this.#pending!;
    this.#pending = undefined;
    resolve(size);
    await Promise.resolve();
    await Promise.resolve();
  }

  async breaks(): Promise<void> {
    this.#pending!.reject(new Error("broken"));
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function world() {
  const conn = new SlowConnection();
  let failures = 0;
  const writer = new TcpWriter(conn as unknown as Deno.TcpConn, () => failures++);
  const write = (text: string) => writer.write(new TextEncoder().encode(text));
  return { conn, writer, write, failures: () => failures };
}

Deno.test("what gathers during a write goes out together with the next", async () => {
  const { conn, writer, write } = world();
  for (const text of ["a", "bb", "ccc"]) write(text);
  assert.deepEqual([conn.writes, writer.buffered], [["a"], 6]);
  await conn.takes(1);
  assert.deepEqual([conn.writes, writer.buffered], [["a", "bbccc"], 5]);
  await conn.takes(5);
  assert.equal(writer.buffered, 0);
  write("d");
  assert.deepEqual(conn.writes, ["a", "bbccc", "d"]);
});

Deno.test("what a write did not take goes first with the next, and nothing is lost or repeated", async () => {
  const { conn, write } = world();
  write("abcdef");
  write("g");
  await conn.takes(2);
  await conn.takes(4);
  await conn.takes(1);
  assert.deepEqual(conn.writes, ["abcdef", "cdefg", "g"]);
});

Deno.test("a write joins at most 256 KiB; one piece may have more", async () => {
  const { conn, write } = world();
  const size = 100 << 10;
  for (let i = 0; i < 4; i++) write("x".repeat(size));
  write("y".repeat(1 << 20));
  await conn.takes(size);
  await conn.takes(2 * size);
  await conn.takes(size);
  assert.deepEqual(conn.writes.map(({ length }) => length), [size, 2 * size, size, 1 << 20]);
});

Deno.test("drained is told once all is taken, a failure at once", async () => {
  const { conn, writer, write, failures } = world();
  let drained = 0;
  writer.whenDrained(() => drained++);
  assert.equal(drained, 1);
  write("ab");
  writer.whenDrained(() => drained++);
  await conn.takes(1);
  assert.equal(drained, 1);
  await conn.takes(1);
  assert.equal(drained, 2);
  write("c");
  await conn.breaks();
  assert.equal(failures(), 1);
});
