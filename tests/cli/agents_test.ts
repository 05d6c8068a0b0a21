/** The agents from the shell: what they offer, and how a task chooses from it. */
import assert from "node:assert/strict";
import { offeredWords } from "../../src/cli/agent_choices.ts";
import type { ListedAgent } from "../../src/protocol/basic_messages.ts";
import { choosy } from "../agents/fixtures/acp_run.ts";
import { command, config, Running, withCli } from "./fixtures/cli.ts";

const agents = {
  ...config.agents,
  choosy: { protocol: "acp", command: choosy("account"), pass_env: ["DENO_DIR"] },
  gone: { protocol: "acp", command: ["no-such-agent-anywhere"], profile: "codex" },
};

Deno.test("cli: agents, agents probe, and a task that chooses from what they offer", () =>
  withCli(async ({ run, json, taskIs, server }) => {
    const list = await run(["agents"]);
    assert.match(list.stdout, /^AGENT\s+INSTALLED\s+VERSION\s+LOGIN[^\n]*\n/);
    assert.match(list.stdout, /\nchoosy\s+yes\s+-\s+unknown/);
    assert.match(list.stdout, /\ngone\s+no\s+/);
    assert.match(list.stderr, /not installed: .*gone/);
    assert.match((await run(["agents", "gone"])).stdout, /to do\s+Install/);

    const probed = await run(["agents", "probe", "choosy"]);
    assert.equal(probed.code, 0, probed.stderr);
    assert.match(probed.stdout, /version\s+1\.2\.3\nlogin\s+ok\n/);
    assert.match(
      probed.stdout,
      /models\s+acme\/small {2}\(The acme\/small\) {2}efforts: low {2}by default\n/,
    );
    assert.match(probed.stdout, /commands\s+\/review {2}Reviews\n/);
    assert.equal((await run(["agents", "choosy"])).stdout, probed.stdout);
    assert.equal((await run(["agents", "probe", "gone"])).code, 1);
    assert.equal((await json("agents", "choosy")).version, "1.2.3");
    const unknown = await run(["agents", "chosy"]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /There is no agent 'chosy'/);

    const released = await run(["agents", "release", "choosy"]);
    assert.deepEqual([released.code, released.stdout], [0, "choosy was not held\n"]);
    assert.equal((await json("agents", "release", "choosy")).was_held, false);
    assert.equal((await run(["agents", "release", "chosy"])).code, 1);

    const typed = ["run", "--agent", "choosy", "--model", "acme/"];
    const offered = await run(["agents", "--complete", "model", "--", ...typed]);
    assert.equal(offered.stdout, "acme/small\nacme/Large\nother/large\n");
    const script = (await run(["completions", "bash"])).stdout;
    const words = ["opencode-agents", ...typed].map((word) => `'${word}'`).join(" ");
    const program = command([]).map((word) => `'${word}'`).join(" ");
    const ask = `opencode-agents() { ${program} "$@"; }\n${script}\nCOMP_WORDS=(${words}); COMP_CWORD=5\n` +
      '_opencode_agents; printf "%s\\n" "${COMPREPLY[@]}"';
    const env = { OPENCODE_AGENTS_URL: server.url };
    const completed = await new Running(["bash", "-uc", ask], { stdin: "", env }).ended;
    assert.equal(completed.stdout, "acme/small\nacme/Large\n", completed.stderr);

    const chosen = ["--agent", "choosy", "--model", "large", "--permissions", "allow"];
    await run(["run", "go", "--id", "wrong", ...chosen]);
    await taskIs("wrong", /failed/);
    assert.match(
      (await json("task", "wrong")).task.error,
      /The agent has no model 'large'\. Its models: acme\/small/,
    );
    await run([
      "run",
      "go",
      "--id",
      "right",
      ...chosen,
      "--model",
      "acme/large",
      "--effort",
      "high",
      "--mode",
      "acceptEdits",
    ]);
    await taskIs("right", /completed/);
    assert.equal((await run(["result", "right"])).stdout, "acme/Large high acceptEdits\n");
    assert.match((await run(["agents", "choosy"])).stdout, /last success\s+\d{4}-/);
  }, { ...config, agents }));

Deno.test("cli: completion offers what the named agent, else the default one, has for the named model", () => {
  const agent = (name: string, is_default: boolean, more: Partial<ListedAgent>): ListedAgent => ({
    name,
    protocol: "acp",
    program: name,
    is_default,
    task_types: [],
    installed: true,
    login: "ok",
    accepts: [],
    ...more,
  });
  const known = [
    agent("one", true, {
      model: "a",
      models: [{ id: "a", efforts: ["low"] }, { id: "b", efforts: ["low", "high"] }, { id: "c" }],
      modes: [{ id: "plan" }],
    }),
    agent("two", false, { models: [{ id: "x" }] }),
  ];
  const words = (what: Parameters<typeof offeredWords>[0], typed: string) =>
    offeredWords(what, known, typed.split(" ")).join(" ");
  assert.equal(words("agent", "run"), "one two");
  assert.equal(words("model", "run"), "a b c");
  assert.equal(words("model", "run --agent two"), "x");
  assert.equal(words("model", "run --agent=two"), "x");
  assert.equal(words("model", "run --agent three"), "");
  assert.equal(words("effort", "run"), "low");
  assert.equal(words("effort", "run --model b"), "low high");
  assert.equal(words("effort", "run --model c"), "low high");
  assert.equal(words("mode", "run"), "plan");
  assert.equal(words("mode", "run --agent two"), "");
});
