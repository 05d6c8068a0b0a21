/** The command `audit`, with a server and without one; keys that are made without a server; backups. */
import assert from "node:assert/strict";
import type { AuditEntry } from "../../src/domain/audit/audit_entry.ts";
import { recomputed } from "../fixtures/recomputed_chain.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";

const config = { security: { auth: "required" }, limits: { enabled: false } };

async function command(server: TestServer, ...args: string[]) {
  const [program, ...rest] = server.commandOf(...args);
  const { code, stdout, stderr } = await new Deno.Command(program!, { args: rest, stdin: "null" }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function linesIn(file: string): Promise<AuditEntry[]> {
  return (await Deno.readTextFile(file)).trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("audit: shown, verified and exported; an export is verified without a server, and whatever is done to it is found", () =>
  withServer({ config }, async (server) => {
    const own = ["--data", server.data];
    for (const name of ["one", "two", "three"]) {
      assert.equal((await command(server, "keys", "create", name, ...own)).code, 0);
    }
    const shown = await command(server, "audit", "--action", "create_key", ...own);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /WHO.*\n.*owner .*create_key .*"name":"one"[\s\S]*"name":"three"/);
    const none = await command(server, "audit", "--outcome", "denied", "--since", "1h", ...own);
    assert.match(none.stderr, /no entries/);

    const verified = await command(server, "audit", "--verify", ...own);
    const [, head] = /node_1: \d+ entries in order; head ([0-9a-f]{64})/.exec(verified.stdout) ?? [];
    assert.ok(head, verified.stdout + verified.stderr);
    const file = `${server.dir}/audit.jsonl`;
    const exported = await command(server, "audit", "--export", file, ...own);
    assert.equal(exported.code, 0, exported.stderr);
    assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
    const again = await command(server, "audit", "--export", file, ...own);
    assert.deepEqual([again.code, /there already/.test(again.stderr)], [1, true]);

    await server.stop("SIGTERM");
    const check = (...args: string[]) => command(server, "audit", "verify", ...args);
    assert.equal((await check(file)).code, 0);
    assert.equal((await check(file, "--head", head)).code, 0);
    const entries = await linesIn(file);
    const computed = await recomputed(await Deno.readTextFile(file));
    assert.deepEqual([computed.node_1!.bad, computed.node_1!.entries], [null, entries.length]);
    const tampered = `${server.dir}/tampered.jsonl`;
    const write = (some: readonly unknown[]) =>
      Deno.writeTextFile(tampered, some.map((one) => `${JSON.stringify(one)}\n`).join(""));
    await write(entries.with(1, { ...entries[1]!, outcome: "denied" }));
    const changed = await check(tampered, "--json");
    assert.deepEqual([changed.code, JSON.parse(changed.stdout).chains[0].first_bad_seq], [1, 2]);
    await write(entries.toSpliced(1, 1));
    assert.match((await check(tampered)).stdout, /NOT in order: entry 2/);
    await write(entries.slice(1));
    assert.match((await check(tampered)).stdout, /NOT in order: entry 1: no entry says/);
    await write(entries.slice(0, -1));
    assert.equal((await check(tampered)).code, 0, "nothing in the file tells of its end");
    const cut = await check(tampered, "--head", entries.at(-1)!.hash);
    assert.deepEqual([cut.code, /the end is cut off/.test(cut.stdout)], [1, true]);
    const nowhere = await check(`${server.dir}/nowhere.jsonl`);
    assert.deepEqual([nowhere.code, /cannot be read/.test(nowhere.stderr)], [1, true]);
    assert.equal((await check()).code, 1);
  }));

Deno.test("audit: keys that are made, replaced and revoked without a server have entries; so has a restored backup", () =>
  withServer({ config }, async (server) => {
    const own = ["--data", server.data];
    await server.stop("SIGTERM");
    const made = await command(server, "keys", "create", "alone", "--json", ...own);
    const { key: { id } } = JSON.parse(made.stdout);
    assert.equal((await command(server, "keys", "rotate", id, ...own)).code, 0);
    assert.equal((await command(server, "keys", "revoke", "key_none", ...own)).code, 1);
    const backup = `${server.dir}/backup.sqlite3`;
    assert.equal((await command(server, "backup", backup, ...own)).code, 0);
    assert.equal((await command(server, "keys", "revoke", id, ...own)).code, 0);
    const restored = await command(server, "restore", backup, ...own);
    assert.equal(restored.code, 0, restored.stderr);
    await server.start();
    const log = JSON.parse((await command(server, "audit", "--json", ...own)).stdout);
    const found = (log.entries as AuditEntry[]).toReversed()
      .map(({ action, outcome, target, actor, ip }) => [action, outcome, target, actor.kind, ip]);
    assert.deepEqual(found, [
      ["create_key", "ok", id, "owner", undefined],
      ["rotate_key", "ok", id, "owner", undefined],
      ["revoke_key", "failed", "key_none", "owner", undefined],
      ["restore", "ok", undefined, "owner", undefined],
    ]);
    assert.equal((await command(server, "audit", "--verify", ...own)).code, 0);
  }));
