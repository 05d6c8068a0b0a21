/** What an agent leaves in its TMPDIR is removed, whatever its modes. */
import assert from "node:assert/strict";
import { withoutPrivilege } from "./fixtures/without_privilege.ts";

Deno.test("a tree of read-only folders is removed, and what its links lead to is left alone", async () => {
  assert.deepEqual(await withoutPrivilege("read_only_tree.ts"), {
    isHeldBack: true,
    left: ["outside", "kept"],
    outside: "555",
  });
});
