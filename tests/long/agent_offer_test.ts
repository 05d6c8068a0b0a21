/** What the real agents offer, and what a task may choose of it. They are installed on first use. */
import assert from "node:assert/strict";
import { type AgentOffer, offerAfter } from "../../src/domain/agent_offer.ts";
import { acpRequest, ran } from "../agents/fixtures/acp_run.ts";
import { withSupervisor } from "../agents/fixtures/harness.ts";
import { withRunner } from "../agents/fixtures/probe.ts";
import { type AgentName, installed } from "../fixtures/agents.ts";
import { type ModelServer, startModelServer } from "../fixtures/model_server.ts";
import { longTest } from "../fixtures/tier.ts";

async function withHome<T>(body: (home: string, model: ModelServer) => Promise<T>): Promise<T> {
  const home = await Deno.makeTempDir();
  const model = await startModelServer();
  try {
    return await body(home, model);
  } finally {
    await model.close();
    await Deno.remove(home, { recursive: true });
  }
}

function probed(
  name: AgentName,
  hasAccount: boolean,
): Promise<{ offer: AgentOffer; problem: string | undefined }> {
  return withHome(async (home, model) => {
    const agent = await installed(name, { model_url: model.url, home });
    // Without the variables of the scripted model it has neither a key nor a place to send one.
    if (!hasAccount) agent.env = { HOME: home };
    let offer: AgentOffer | undefined;
    const problem = await withRunner((runner) =>
      runner.probe!(
        name,
        agent,
        (news) => offer = offerAfter(offer, news, "now"),
        AbortSignal.timeout(100_000),
      )
    );
    assert.equal(model.requests.length, 0, "a probe uses no model");
    return { offer: offer!, problem };
  });
}

const EXPECTED: Record<AgentName, { modes: string[]; model: string; sessions: string[]; commands: string }> =
  {
    opencode: {
      modes: ["build", "plan"],
      model: "test/m1",
      sessions: ["load", "resume", "list", "fork", "close"],
      commands: "review",
    },
    claude: {
      modes: ["default", "acceptEdits", "plan", "auto"],
      model: "default",
      sessions: ["load", "resume", "list", "fork", "close", "delete"],
      commands: "init",
    },
    codex: {
      modes: ["read-only", "workspace-write", "agent", "agent-full-access"],
      model: "m1",
      sessions: ["load", "resume", "list", "fork", "close", "delete"],
      commands: "review",
    },
    gemini: {
      modes: ["default", "autoEdit", "yolo", "plan"],
      model: "gemini-2.5-flash",
      sessions: ["load"],
      commands: "init",
    },
  };

for (const name of Object.keys(EXPECTED) as AgentName[]) {
  longTest(`${name}: a probe finds its version, account, models, modes and commands`, async () => {
    const { offer, problem } = await probed(name, true);
    const { modes, model, sessions, commands } = EXPECTED[name];
    assert.equal(problem, undefined);
    assert.match(offer.version ?? "", /^\d+\.\d+\.\d+/);
    assert.equal(offer.login, "ok");
    assert.deepEqual(offer.modes?.map(({ id }) => id), modes);
    assert.equal(offer.model, model);
    assert.ok(offer.models!.length > 1);
    assert.deepEqual(offer.sessions, sessions);
    assert.ok(offer.accepts.includes("image") && offer.accepts.includes("resource"));
    assert.ok(offer.mcp!.includes("http"));
    assert.ok(offer.commands!.some((command) => command.name === commands), JSON.stringify(offer.commands));
  });

  longTest(`${name}: a probe finds that it has no account, and says what to do`, async () => {
    const { offer, problem } = await probed(name, false);
    // OpenCode's makers offer models that need none.
    assert.equal(offer.login, name === "opencode" ? "ok" : "needed");
    if (name === "codex") assert.match(problem!, /Log in with `codex-acp cli login`/);
    if (name === "gemini") assert.match(problem!, /set GEMINI_API_KEY/);
  });

  longTest(
    `${name}: a model, an effort or a mode that it does not have fails at once, with the choices`,
    () =>
      withHome((home, model) =>
        withSupervisor(async (bench) => {
          const agent = await installed(name, { model_url: model.url, home });
          for (const field of ["model", "effort", "mode"] as const) {
            const request = acpRequest(bench.folder, agent.command, "mock:echo", {
              agent,
              [field]: "no-such",
            });
            const { outcome, all } = await ran(bench, request);
            assert.equal(outcome.status, "failed", field);
            assert.match(outcome.failure!.message, /'no-such'/, field);
            const { details } = all("log").find(({ level }) => level === "error")!;
            if (field !== "effort") assert.ok((details?.expected as string[]).length > 1, field);
          }
          assert.equal(model.requests.length, 0, "no model was asked");
        })
      ),
  );
}

/** Which model each agent is told to use, of those that it lists, and what its provider is asked for then. */
const CHOSEN: Record<AgentName, { model: string; effort?: string; asked: string; mode: string }> = {
  opencode: { model: "M2", asked: "m2", mode: "plan" },
  // In plan mode it takes a larger model than Haiku.
  claude: { model: "Sonnet 5.5", effort: "low", asked: "sonnet", mode: "plan" },
  codex: { model: "gpt-6-luna", effort: "low", asked: "gpt-6-luna", mode: "read-only" },
  gemini: { model: "gemini-2.5-pro", asked: "gemini-2.5-pro", mode: "plan" },
};

for (const name of Object.keys(CHOSEN) as AgentName[]) {
  longTest(
    `${name}: works with the model, effort and mode that the task chooses`,
    () =>
      withHome((home, model) =>
        withSupervisor(async (bench) => {
          const agent = await installed(name, { model_url: model.url, home });
          const { asked, ...chosen } = CHOSEN[name];
          const { outcome, logs } = await ran(
            bench,
            acpRequest(bench.folder, agent.command, "mock:echo", { agent, ...chosen }),
          );
          assert.equal(outcome.status, "completed", `${outcome.failure?.message} ${logs("warn")}`);
          const asked_for = model.requests.map((request) => request.model);
          assert.ok(asked_for.some((one) => one.includes(asked)), `${asked_for}`);
        })
      ),
  );
}
