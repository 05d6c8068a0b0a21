/** A server started as people start it elsewhere: no HOME, a home in the configuration, programs beside it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readLines } from "../../src/agents/reporting/lines.ts";
import type { Finding } from "../../src/boot/checks/finding.ts";
import { command } from "../cli/fixtures/cli.ts";
import { denoDir } from "../fixtures/deno_dir.ts";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

const AGENT = "#!/bin/sh\npwd\n";

Deno.test("the program beside the configuration runs, in folders below ~, after a byte order mark", async () => {
  const home = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-test-" }));
  try {
    await Deno.mkdir(`${home}/conf/bin`, { recursive: true });
    await Deno.mkdir(`${home}/project/deep`, { recursive: true });
    await Deno.writeTextFile(`${home}/conf/bin/agent`, AGENT, { mode: 0o755 });
    const config = {
      agents: { mine: { protocol: "command", command: ["./bin/agent"] } },
      tasks: { default_agent: "mine", allowed_dirs: ["~/project", "~/gone"] },
    };
    await Deno.writeTextFile(`${home}/conf/c.json`, `\ufeff${JSON.stringify(config)}`);
    const args = ["--config", `${home}/conf/c.json`];
    await withServer({ args }, async (server) => {
      const outputs: [working_dir: string | undefined, output: string][] = [
        [undefined, `${home}/project`],
        ["~/project/deep", `${home}/project/deep`],
      ];
      for (const [i, [working_dir, output]] of outputs.entries()) {
        const task = { id: `t${i}`, type: "testing", priority: "high", description: "x" };
        await server.post({ type: "start_task", task: { ...task, execution: { working_dir } } });
        await until(async () => {
          const { reply } = await server.post({ type: "get_task_result", task_id: task.id });
          const { status, result } = reply as { status: string; result: { output: string } };
          return status === "completed" && result.output.trim() === output;
        });
      }
      assert.match(server.stderr, new RegExp(`tasks.allowed_dirs\\[1\\]: ${home}/gone does not exist`));
      for (const working_dir of ["~bob/x", "~"]) {
        const task = {
          id: "no",
          type: "testing",
          priority: "high",
          description: "x",
          execution: { working_dir },
        };
        const { reply } = await server.post({ type: "start_task", task });
        assert.equal((reply.details as { field: string }).field, "task.execution.working_dir", working_dir);
        assert.equal(reply.code, "INVALID_FIELD_VALUE");
      }
    }, { HOME: home, DENO_DIR: await denoDir() });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("without HOME and an account, serve asks for --data; nothing lands in the current folder", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-test-" });
  // Without the permission to ask for the account, there is none.
  const [program, ...args] = command(["serve", "--port", "0"]).map((word) =>
    word === "--allow-sys" ? "--deny-sys=uid" : word
  );
  const run = async (...more: string[]) => {
    const { code, stderr } = await new Deno.Command(program!, {
      args: [...args, ...more],
      cwd: folder,
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH")!,
        DENO_DIR: await denoDir(),
        XDG_DATA_HOME: "share",
      },
    }).output();
    return { code, stderr: new TextDecoder().decode(stderr) };
  };
  try {
    const { code, stderr } = await run();
    assert.equal(code, 2, stderr);
    assert.match(stderr, /CONFIGURATION_ERROR: There is no folder for the data.*--data/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    assert.equal((await run("--data=~/data")).code, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an empty --data or --config is a mistake, not the current folder", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-test-" });
  try {
    for (const args of [["serve", "--data="], ["serve", "--config", ""], ["tasks", "--data", ""]]) {
      const [program, ...words] = command(args);
      const { code, stderr } = await new Deno.Command(program!, { args: words, cwd: folder }).output();
      assert.equal(code, 2, args.join(" "));
      assert.match(new TextDecoder().decode(stderr), /a path is expected/);
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a working folder outside the allowed ones is named by doctor, before a task fails", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-test-" }));
  try {
    for (const name of ["allowed", "elsewhere"]) await Deno.mkdir(`${folder}/${name}`);
    await Deno.symlink("allowed", `${folder}/link`);
    const warned = async (working_dir: string) => {
      const tasks = { working_dir, allowed_dirs: ["allowed"] };
      await Deno.writeTextFile(`${folder}/c.json`, JSON.stringify({ tasks }));
      const [program, ...args] = command([
        ...["doctor", "--json", "--port", "0", "--data", `${folder}/data`, "--config", `${folder}/c.json`],
      ]);
      const { stdout } = await new Deno.Command(program!, { args }).output();
      const { findings } = JSON.parse(new TextDecoder().decode(stdout)) as { findings: Finding[] };
      return findings.find(({ what }) => what === "tasks.working_dir")?.found;
    };
    assert.equal(await warned("elsewhere"), `${folder}/elsewhere is outside tasks.allowed_dirs`);
    assert.equal(await warned("link"), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a checkout in a folder with a space and an accent starts its own helpers", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-test-" });
  try {
    const ours = new URL("../..", import.meta.url);
    await Deno.symlink(ours, `${folder}/My Proj\u00e9ct`);
    const [program, ...args] = command(["serve", "--demo", "--port", "0"]);
    const inIt = args.map((word) => word.replace(fileURLToPath(ours), `${folder}/My Proj\u00e9ct/`));
    assert.notDeepEqual(inIt, args);
    const child = new Deno.Command(program!, { args: inIt, stdin: "null", stdout: "null", stderr: "piped" })
      .spawn();
    let said = "";
    await readLines(child.stderr, (line) => {
      said += `${line}\n`;
      if (/^demo_research\S* +(completed|failed)/.test(line)) child.kill("SIGTERM");
    });
    assert.match(said, /^demo_research\S* +completed/m);
    assert.equal((await child.status).code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
