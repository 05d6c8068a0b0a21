/** Agents that ask for files and terminals, which this client does not offer. */
import assert from "node:assert/strict";
import { acpRequest, frank, ran } from "./fixtures/acp_run.ts";
import { withSupervisor } from "./fixtures/harness.ts";

const asks = (method: string) => ({ method, params: { path: "/etc/passwd", content: "x", command: "ls" } });

Deno.test("acp: a request for files or terminals is refused as the protocol says, and the log says so once", () =>
  withSupervisor(async (bench) => {
    const methods = ["fs/read_text_file", "fs/write_text_file", "fs/write_text_file", "terminal/create"];
    const { outcome, ...run } = await ran(
      bench,
      acpRequest(bench.folder, frank({}), JSON.stringify(methods.map(asks))),
    );
    const { abilities, answers } = JSON.parse(outcome.output);
    assert.deepEqual([abilities.fs, abilities.terminal], [
      { readTextFile: false, writeTextFile: false },
      false,
    ]);
    assert.deepEqual(
      answers.map(({ error }: { error: { code: number; message: string } }) => [error.code, error.message]),
      methods.map((method) => [-32601, `This client does not offer ${method}`]),
    );
    assert.deepEqual(
      run.logs("warn").filter((text) => /was refused/.test(text)),
      ["fs/read_text_file", "fs/write_text_file", "terminal/create"].map((method) =>
        `The agent asked for ${method}, which this server does not offer: it was refused`
      ),
    );
  }));

for (const profile of ["opencode", "kilo"]) {
  Deno.test(`${profile}: the news of what it writes is taken, and nothing is written for it`, () =>
    withSupervisor(async (bench) => {
      const path = `${bench.folder}/made.txt`;
      const writes = { method: "fs/write_text_file", params: { path, content: "x" } };
      const request = acpRequest(bench.folder, frank({}), JSON.stringify([writes]), {
        agent: { profile },
        permissions: "allow",
      });
      const { outcome, ...run } = await ran(bench, request);
      assert.deepEqual(JSON.parse(outcome.output).answers, [{}]);
      assert.deepEqual(run.logs("warn").filter((text) => /refused/.test(text)), []);
      await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    }));
}
