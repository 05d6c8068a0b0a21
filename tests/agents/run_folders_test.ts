/** Each run has a TMPDIR, and what its agent leaves there is removed, whatever its modes. */
import assert from "node:assert/strict";
import { RunFolders } from "../../src/agents/supervision/run_folders.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { withoutPrivilege } from "./fixtures/without_privilege.ts";

Deno.test("a tree of read-only folders is removed, and what its links lead to is left alone", async () => {
  assert.deepEqual(await withoutPrivilege("read_only_tree.ts"), {
    isHeldBack: true,
    left: ["outside", "kept"],
    outside: "555",
  });
});

Deno.test("a temporary folder that cannot be made is an error of the file system, with its place", async () => {
  const file = await Deno.makeTempFile();
  try {
    assert.throws(() => new RunFolders(`${file}/tmp`, "instance").create(), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.code, error.details.file_path], ["FILESYSTEM_ERROR", `${file}/tmp`]);
      return true;
    });
  } finally {
    await Deno.remove(file);
  }
});
