/** Tests of the program as a process, run once more with what is published in place of the sources. */
import assert from "node:assert/strict";
import { buildDashboard } from "../../scripts/dashboard.ts";
import { buildProgram } from "../../scripts/program_bundle.ts";
import { longTest } from "../fixtures/tier.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const FILE_WITHIN_MS = 600_000;

/** The demo, every command, every transport, both ends of MCP, signals, broken streams, and each set of permissions. */
const FILES = [
  "tests/cli/demo_test.ts",
  "tests/cli/commands_test.ts",
  "tests/cli/errors_test.ts",
  "tests/cli/follow_test.ts",
  "tests/cli/keys_test.ts",
  "tests/cli/top_test.ts",
  "tests/mcp/mcp_test.ts",
  "tests/faults/backup_test.ts",
  "tests/faults/closed_streams_test.ts",
  "tests/faults/export_test.ts",
  "tests/faults/hardened_transport_test.ts",
  "tests/faults/permissions_test.ts",
  "tests/faults/signals_test.ts",
];

longTest("the built program", async (t) => {
  await Promise.all([buildProgram(), buildDashboard()]);
  for (const file of FILES) {
    await t.step(file, async () => {
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "-A", "--no-check", "--unstable-kv", file],
        cwd: ROOT,
        env: { PROGRAM: "built", NO_COLOR: "1" },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        signal: AbortSignal.timeout(FILE_WITHIN_MS),
      }).output();
      const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
      assert.ok(success, text.slice(-10_000));
    });
  }
});
