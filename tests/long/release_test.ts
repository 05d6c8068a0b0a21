/** `deno task release`: everything is there or is named as skipped, the checksums hold, and a second run changes nothing. */
import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { checksumOf } from "../../scripts/release/checksum.ts";
import { TARGETS } from "../../scripts/release/targets.ts";
import { longTest } from "../fixtures/tier.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const RELEASED_WITHIN_MS = 900_000;
const { version } = manifest;

async function release(output: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "release", "--output", output],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(RELEASED_WITHIN_MS),
  }).output();
  assert.ok(success, `deno task release failed: ${new TextDecoder().decode(stderr)}`);
}

longTest("a release", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-release-" });
  try {
    await release(folder);
    const sums = await Deno.readTextFile(`${folder}/SHA256SUMS`);
    const listed = new Map(
      sums.trim().split("\n").map((line) => line.split("  ").reverse() as [string, string]),
    );
    for (const [name, sum] of listed) assert.equal(await checksumOf(`${folder}/${name}`), sum, name);
    const found = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
      name !== "SHA256SUMS"
    );
    assert.deepEqual(found.sort(), [...listed.keys()].sort());

    const { skipped } = JSON.parse(await Deno.readTextFile(`${folder}/release.json`));
    for (const { platform, suffix } of TARGETS) {
      const file = `opencode-agents-${version}-${platform}${suffix}`;
      const reason = (skipped as { file: string; reason: string }[]).find((one) => one.file === file)?.reason;
      assert.equal(listed.has(file), reason === undefined, `${file}: ${reason}`);
    }
    // The image is built from the package that is beside the file.
    const container = await Deno.readTextFile(`${folder}/Containerfile`);
    for (const [, source] of container.matchAll(/^COPY (\S+)/gm)) {
      const copied = source!.replace("${VERSION}", /^ARG VERSION=(.*)$/m.exec(container)![1]!);
      assert.ok(listed.has(copied), copied);
    }
    // A digest that was not looked up is nobody's to invent.
    assert.match(container, /^ARG NODE_DIGEST$/m);

    await release(folder);
    assert.equal(await Deno.readTextFile(`${folder}/SHA256SUMS`), sums);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
