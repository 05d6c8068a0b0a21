/** git as the server runs it: what no configuration can change, what it sees of the server, and how it is told and read. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { containedPrograms } from "../../src/host/processes/contained_program.ts";
import { createGit } from "../../src/workspaces/git.ts";
import { Repository } from "../fixtures/repository.ts";

const own = createGit({
  run: containedPrograms(systemClock),
  server_env: { ...Deno.env.toObject(), GIT_DIR: "/nowhere", API_KEY: "secret", SSH_AUTH_SOCK: "/agent" },
  marks: { MARK: "server" },
});

async function withRepository(test: (repository: Repository) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "oa-git-" });
  try {
    await test(await Repository.create(`${folder}/repository`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("git: hooks, signatures, editors and monitors of the user are not run", async () => {
  await withRepository(async (repository) => {
    const ran = `${repository.path}/.git/ran`;
    const script = `#!/bin/sh\necho "$0" >> '${ran}'\nexit 1\n`;
    const program = `${repository.path}/.git/program`;
    await Deno.writeTextFile(program, script, { mode: 0o755 });
    for (
      const hook of ["pre-commit", "commit-msg", "post-commit", "post-checkout", "reference-transaction"]
    ) {
      await Deno.writeTextFile(`${repository.path}/.git/hooks/${hook}`, script, { mode: 0o755 });
    }
    for (const name of ["core.fsmonitor", "core.editor", "core.pager", "gpg.program"]) {
      await repository.git("config", name, program);
    }
    for (const name of ["commit.gpgSign", "log.showSignature"]) await repository.git("config", name, "true");
    await repository.write({ "file.txt": "two\n" });
    await own.run(repository.path, ["add", "--all"]);
    await own.run(repository.path, ["commit", "--quiet", "-m", "second"]);
    await own.run(repository.path, ["commit", "--quiet", "--amend"]);
    await own.run(repository.path, ["checkout", "--quiet", "-b", "other"]);
    assert.equal(await own.line(repository.path, ["log", "-1", "--format=%s"]), "second");
    await assert.rejects(Deno.stat(ran), Deno.errors.NotFound);
  });
});

Deno.test("git: a filter sees the harmless part of the server's environment", async () => {
  await withRepository(async (repository) => {
    const seen = `${repository.path}/.git/seen`;
    await repository.git("config", "filter.look.clean", `env > '${seen}'; cat`);
    await repository.write({ ".gitattributes": "*.txt filter=look\n", "file.txt": "two\n" });
    await own.run(repository.path, ["add", "--all"]);
    const variables = new Map(
      (await Deno.readTextFile(seen)).split("\n").map((line) => {
        const [name = "", ...value] = line.split("=");
        return [name, value.join("=")] as const;
      }),
    );
    const of = (...names: string[]) => names.map((name) => variables.get(name));
    assert.deepEqual(of("MARK", "HOME"), ["server", Deno.env.get("HOME")]);
    assert.deepEqual(of("API_KEY", "SSH_AUTH_SOCK"), [undefined, undefined]);
    assert.notEqual(variables.get("GIT_DIR"), "/nowhere");
  });
});

Deno.test("git: texts are exact, lists are parted at NULs, stdin is passed on, and an answer need not be 0", async () => {
  await withRepository(async (repository) => {
    await repository.write({ " new\nline ": "x", "ü.txt": "x" });
    const listed = await own.fields(repository.path, ["ls-files", "--others", "-z"]);
    assert.deepEqual(listed.sort(), [" new\nline ", "ü.txt"]);
    const hash = await own.line(repository.path, ["hash-object", "-w", "--stdin"], { stdin: "  exact \n\n" });
    assert.equal(await own.text(repository.path, ["cat-file", "blob", hash]), "  exact \n\n");
    const { code } = await own.run(repository.path, ["diff", "--quiet", "HEAD~0"], { accepts: [1] });
    assert.equal(code, 0);
    const missing = ["rev-parse", "--verify", "--quiet", "nothing"];
    assert.equal((await own.run(repository.path, missing, { accepts: [1] })).code, 1);
    await assert.rejects(own.run(repository.path, missing), { code: "FILESYSTEM_ERROR" });
  });
});

Deno.test("git: its own folder counts when the working tree's leads elsewhere, and another index leaves the first alone", async () => {
  await withRepository(async (repository) => {
    const place = { git_dir: `${repository.path}/.git`, work_tree: `${repository.path}/tree` };
    await Deno.mkdir(place.work_tree);
    await Repository.create(`${repository.path}/other`);
    await Deno.writeTextFile(`${place.work_tree}/.git`, `gitdir: ${repository.path}/other/.git\n`);
    await Deno.writeTextFile(`${place.work_tree}/new.txt`, "new\n");
    const index = `${repository.path}/.git/another-index`;
    await own.run(place, ["add", "--", "new.txt"], { index });
    const tree = await own.line(place, ["write-tree"], { index });
    assert.equal(await own.text(place, ["cat-file", "blob", `${tree}:new.txt`]), "new\n");
    assert.equal(await repository.git("diff", "--cached", "--name-only"), "");
  });
});
