/** What an agent leaves in its TMPDIR is removed, whatever its modes. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** Root ignores modes, so the test gives up the capabilities that let it. */
const WITHOUT_PRIVILEGE = Deno.uid() === 0
  ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
  : [];

Deno.test("a tree of read-only folders is removed, and what its links lead to is left alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script = fileURLToPath(new URL("fixtures/read_only_tree.ts", import.meta.url));
    const [program = "", ...args] = [...WITHOUT_PRIVILEGE, Deno.execPath(), "run", "-A", script, folder];
    const { stdout } = await new Deno.Command(program, { args, stderr: "inherit" }).output();
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
      isHeldBack: true,
      left: ["outside", "kept"],
      outside: "555",
    });
  } finally {
    await Deno.chmod(`${folder}/outside`, 0o755);
    await Deno.remove(folder, { recursive: true });
  }
});
