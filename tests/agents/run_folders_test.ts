/** Each run has a TMPDIR, and what its agent leaves there is removed, whatever its modes. */
import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
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

Deno.test("an empty folder whose run is over becomes that of a later run, under a name of its own", async () => {
  await withFolders(async (folders, root) => {
    const other = folders.create();
    const first = folders.create();
    await folders.remove(first, true);
    const spare = names(root).map((name) => `${root}/${name}`).find((path) => path !== other);
    const second = folders.create();
    assert.equal(new Set([other, first, spare, second]).size, 4, "no name is used again");
    assert.deepEqual(names(root).length, 2, "and no folder is made");
    await folders.remove(second, true);
    await folders.remove(other, true);
    assert.deepEqual(names(root), [], "nothing is left between runs");
  });
});

Deno.test("a folder that a run has used, opened to others, replaced or may still reach is no later run's", async () => {
  const leftSo: ((path: string) => void)[] = [
    (path) => Deno.writeTextFileSync(`${path}/file`, ""),
    (path) => Deno.mkdirSync(`${path}/folder`),
    (path) => Deno.chmodSync(path, 0o777),
    (path) => {
      Deno.removeSync(path);
      Deno.symlinkSync(Deno.makeTempDirSync({ dir: dirname(path), prefix: "elsewhere-" }), path);
    },
  ];
  for (const leave of leftSo) {
    await withFolders(async (folders, root) => {
      const other = folders.create();
      const path = folders.create();
      leave(path);
      await folders.remove(path, true);
      assert.deepEqual(names(root).filter((name) => name.startsWith("run-")), [basename(other)]);
    });
  }
  await withFolders(async (folders, root) => {
    const other = folders.create();
    await folders.remove(folders.create(), false);
    assert.deepEqual(names(root), [basename(other)]);
  });
});

function names(root: string): string[] {
  return [...Deno.readDirSync(root)].map(({ name }) => name);
}

async function withFolders(use: (folders: RunFolders, root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await use(new RunFolders(root, "instance"), root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}
