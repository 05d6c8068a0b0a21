/** A program that cannot be run is refused with what is wrong with it, and what to do. */
import assert from "node:assert/strict";
import { noexecMountIn } from "../../src/host/processes/noexec.ts";
import { spawnError } from "../../src/agents/supervision/spawn_errors.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { requestFor, withSupervisor } from "./fixtures/harness.ts";
import { withoutPrivilege } from "./fixtures/without_privilege.ts";

const ELF_HEADER = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1];

/** The beginning of a 64-bit program for this machine, or another, that names this loader. */
function binary(loader: string, machine?: number): Uint8Array {
  const bytes = new Uint8Array(200);
  const view = new DataView(bytes.buffer);
  bytes.set(ELF_HEADER);
  view.setUint16(18, machine ?? (Deno.build.arch === "x86_64" ? 62 : 183), true);
  view.setBigUint64(32, 64n, true); // where the table of program headers begins
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 3, true); // the one header names the loader
  view.setBigUint64(64 + 8, 128n, true);
  view.setBigUint64(64 + 32, BigInt(loader.length + 1), true);
  bytes.set(new TextEncoder().encode(loader), 128);
  return bytes;
}

/** What is in each program, and what is said of it. */
const BROKEN: Record<string, [content: string | Uint8Array, said: RegExp]> = {
  no_first_line: [
    "echo hello\n",
    /cannot be run: .* neither a program of this system nor a script .*add that line/,
  ],
  empty: ["", /is an empty file; install the program again/],
  bad_interpreter: [
    "#!/no/such/interpreter\n",
    /first line .*\(#!\/no\/such\/interpreter\) names .*there is no file '\/no\/such\/interpreter'/,
  ],
  carriage_return: ["#!/bin/sh\r\necho\r\n", /carriage return, as on Windows; convert the file/],
  carriage_return_after_env: ["#!/usr/bin/env sh\r\n", /carriage return, as on Windows/],
  relative_interpreter: ["#!sh\n", /names no interpreter by its full path/],
  unknown_to_env: [
    "#!/usr/bin/env -S no-such-program --x\n",
    /there is no program 'no-such-program' on PATH/,
  ],
  folder_as_interpreter: ["#!/usr\n", /'\/usr' is a folder, not a program/],
  first_line_too_long: [
    `#!${"/".repeat(254)}bin/sh\n`,
    /first line .* is too long: the system reads 255 bytes/,
  ],
  truncated: [new Uint8Array(ELF_HEADER), /only the beginning of a program/],
  other_processor: [binary("/lib/ld.so", 243), /is a program for RISC-V, and this machine is/],
  other_loader: [binary("/lib/ld-musl-none.so.1"), /needs the loader '\/lib\/ld-musl-none\.so\.1'.*or musl/],
};

/** What is said of a `command` that must not start. */
async function refusal(
  bench: Parameters<Parameters<typeof withSupervisor>[0]>[0],
  command: string[],
  changes: Parameters<typeof requestFor>[2] = {},
): Promise<ApiError> {
  try {
    await bench.supervisor.spawn({ command, request: requestFor(bench.folder, command, changes) });
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  assert.fail(`${command[0]} was started`);
}

Deno.test({
  name: "a program that the system cannot run: the error says why",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withSupervisor(async (bench) => {
      const { folder } = bench;
      for (const [name, [content, said]] of Object.entries(BROKEN)) {
        const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
        await Deno.writeFile(`${folder}/${name}`, bytes, { mode: 0o755 });
        const error = await refusal(bench, [`${folder}/${name}`]);
        assert.match(error.message, said);
        assert.deepEqual([error.code, error.details.path], ["SERVICE_UNAVAILABLE", `${folder}/${name}`]);
      }
    }),
});

Deno.test("a program that is somewhere else, or no program: the error says so", () =>
  withSupervisor(async (bench) => {
    const { folder } = bench;
    await Deno.mkdir(`${folder}/bin`);
    await Deno.symlink("loop", `${folder}/loop`);
    await Deno.symlink("nowhere", `${folder}/dangling`);
    await Deno.writeTextFile(`${folder}/bin/plain`, "#!/bin/sh\n", { mode: 0o644 });
    const said = async (program: string) => (await refusal(bench, [program])).message;
    assert.match(await said(`${folder}/loop`), /cannot be run: .* leads to itself through symbolic links/);
    assert.match(await said(`${folder}/dangling`), /is a symbolic link to 'nowhere', which does not exist/);
    assert.match(await said(`${folder}/bin`), /may not be executed: .* is a folder, not a program/);
    assert.match(await said(`${folder}/bin/plain`), /may not be executed: .*grant it with chmod \+x/);
    assert.match(
      await said(`${folder}/bin/plain/x`),
      /is not installed: a part of .* is a file, not a folder/,
    );
    await new Deno.Command("mkfifo", { args: ["-m", "755", `${folder}/pipe`] }).output();
    assert.match(await said(`${folder}/pipe`), /may not be executed: .* is a pipe, socket or device/);
    assert.match(await said("x".repeat(300)), /must name a program on PATH/);
    assert.match(await said(" npm  test"), /each of its arguments by itself, such as \["npm","test"\]/);
    assert.match(await said(`${folder}/absent`), /is not installed: there is no file .*by its full path/);
    // The agent's own PATH is looked at, and what is there but cannot be run is named.
    const agent = { env: { PATH: `${folder}/bin` } };
    assert.match((await refusal(bench, ["plain"], { agent })).message, /bin\/plain' has no permission/);
  }));

Deno.test("a file system that allows no programs is found by the closest mount", () => {
  const mounts = [
    "22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
    "30 22 0:25 / /mnt rw,noexec,relatime shared:5 - tmpfs tmpfs rw",
    "31 30 0:26 / /mnt/a\\040b rw,nosuid - tmpfs tmpfs rw,noexec",
    "32 22 0:27 / /over rw,noexec - tmpfs tmpfs rw",
    "33 32 0:28 / /over rw - tmpfs tmpfs rw",
  ].join("\n");
  assert.equal(noexecMountIn(mounts, "/mnt/tool"), "/mnt");
  for (const path of ["/mnt/a b/tool", "/mnto/tool", "/over/tool", "/tool"]) {
    assert.equal(noexecMountIn(mounts, path), undefined, path);
  }
  assert.equal(noexecMountIn("", "/tool"), undefined);
});

Deno.test("a folder that may not be entered is named, not the program", async () => {
  const said = await withoutPrivilege("closed_folders.ts") as Record<string, [code: string, message: string]>;
  const { itself, above, program } = said;
  assert.equal(itself![0], "FILE_PERMISSION_DENIED");
  assert.match(itself![1], /^The working directory '.*\/closed' may not be entered .*chmod o\+x/);
  assert.equal(above![0], "FILE_PERMISSION_DENIED");
  assert.match(above![1], /^The working directory '.*\/closed\/below' is in a folder that .*: '.*\/closed'/);
  assert.equal(program![0], "SERVICE_UNAVAILABLE");
  assert.match(program![1], /may not be executed: .* is in a folder that this account may not enter/);
});

Deno.test("a spawn that runs into a bound of the system says which, and no other failure is an internal error", async () => {
  const attempt = { program: "/bin/sh", install: undefined, agent: "mine", cwd: "/" };
  const said = async (error: Error) => {
    const { code, message } = await spawnError(error, attempt, "/bin");
    return `${code}: ${message}`;
  };
  const spawning = (text: string) => said(new Error(`Failed to spawn '/bin/sh': ${text}`));
  assert.match(await spawning("Too many open files (os error 24)"), /^SERVER_OVERLOAD: .*LimitNOFILE/);
  assert.match(
    await spawning("Too many open files in system (os error 23)"),
    /^SERVER_OVERLOAD: .*fs\.file-max/,
  );
  assert.match(
    await spawning("Resource temporarily unavailable (os error 11)"),
    /^SERVER_OVERLOAD: .*TasksMax/,
  );
  assert.match(await spawning("Cannot allocate memory (os error 12)"), /^SERVER_OVERLOAD: .*out of memory/);
  assert.match(await spawning("Argument list too long (os error 7)"), /^INVALID_FIELD_VALUE: .*too long/);
  assert.match(await spawning("Text file busy (os error 26)"), /^SERVICE_UNAVAILABLE: .*being written/);
  assert.match(
    await spawning("Input/output error (os error 5)"),
    /^SERVICE_UNAVAILABLE: .*Input\/output error/,
  );
  assert.match(
    await said(new Deno.errors.PermissionDenied("Permission denied (os error 13)")),
    /^SERVICE_UNAVAILABLE: Agent program '\/bin\/sh' may not be executed: .*noexec/,
  );
});
