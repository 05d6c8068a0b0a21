/** git that reads the list of worktrees while another git writes a new one to it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../src/clock/clock.ts";
import { containedPrograms, type RunProgram } from "../../src/host/processes/contained_program.ts";
import { createGit } from "../../src/workspaces/git.ts";
import { Repository } from "../fixtures/repository.ts";

Deno.test("git: a half-written worktree is read again, a few times", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-half-" });
  const { path } = await Repository.create(folder, { "a.txt": "a\n" });
  const half = join(path, ".git/worktrees/half");
  await Deno.mkdir(half, { recursive: true });
  await Deno.writeTextFile(join(half, "gitdir"), `${folder}/half/.git\n`);
  await Deno.writeTextFile(join(half, "HEAD"), "ref: refs/heads/half\n");
  // git makes this file before it writes to it.
  await Deno.writeTextFile(join(half, "commondir"), "");

  let runs = 0;
  let written_after = Infinity;
  const real = containedPrograms(systemClock);
  const run: RunProgram = async (asked) => {
    if (++runs > written_after) await Deno.writeTextFile(join(half, "commondir"), "../..\n");
    return await real(asked);
  };
  const git = createGit({ run, server_env: Deno.env.toObject() });
  await git.run(path, ["branch", "new"]);
  runs = 0;
  const adding = ["worktree", "add", "--quiet", join(folder, "new"), "new"];
  await assert.rejects(git.run(path, adding), /failed to read .*half\/commondir/);
  assert.equal(runs, 10);

  runs = 0;
  written_after = 3;
  await git.run(path, adding);
  assert.equal(runs, 4);
  assert.equal(await git.line(join(folder, "new"), ["branch", "--show-current"]), "new");
  await Deno.remove(folder, { recursive: true });
});
