/** What a task chooses of what its agent offers: model, effort and mode. */
import assert from "node:assert/strict";
import { chosen } from "../../src/agents/acp/session_settings.ts";
import { tooFree } from "../../src/agents/acp/mode_freedom.ts";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import type { RunRequest } from "../../src/domain/run_request.ts";
import { acpRequest, choosy, ran } from "./fixtures/acp_run.ts";
import { withSupervisor } from "./fixtures/harness.ts";

type Changes = Partial<Pick<RunRequest, "model" | "effort" | "mode" | "permissions" | "resume">>;

function chose(words: string[], changes: Changes, body: (run: Awaited<ReturnType<typeof ran>>) => void) {
  return withSupervisor(async (bench) => {
    body(await ran(bench, acpRequest(bench.folder, choosy(...words), "go", changes)));
  });
}

for (const words of [[], ["lists"]]) {
  Deno.test(`choices: a model, an effort of it and a mode are set: ${words.join() || "options"}`, () =>
    chose(
      words,
      {
        model: "acme/Large",
        effort: words.length > 0 ? undefined : "high",
        mode: "acceptEdits",
        permissions: "allow",
      },
      ({ outcome }) => {
        assert.equal(outcome.status, "completed", outcome.failure?.message);
        assert.equal(
          outcome.output,
          words.length > 0 ? "acme/Large low acceptEdits" : "acme/Large high acceptEdits",
        );
      },
    ));
}

Deno.test("choices: what is not offered fails at once, with the choices in the error and in the log", async (t) => {
  const models = ["acme/small", "acme/Large", "other/large"];
  const refusals: [string, string[], Changes, string, unknown[]][] = [
    [
      "a model",
      [],
      { model: "gpt" },
      `The agent has no model 'gpt'. Its models: ${models.join(", ")}`,
      models,
    ],
    ["an ambiguous model", [], { model: "LARGE" }, "The agent has no model 'LARGE'.", models],
    ["an effort", [], { effort: "high" }, "The agent has no effort 'high'. Its efforts: low", ["low"]],
    [
      "an effort of a model that has none",
      [],
      { model: "other/large", effort: "low" },
      "The agent offers no choice of its effort, so not 'low'",
      [],
    ],
    ["a mode", ["lists"], { mode: "nap" }, "The agent has no mode 'nap'. Its modes: ask, acceptEdits, yolo", [
      "ask",
      "acceptEdits",
      "yolo",
    ]],
    [
      "a model of an agent without any",
      ["none"],
      { model: "m" },
      "The agent offers no choice of its model",
      [],
    ],
    [
      "a mode that asks less than the policy",
      [],
      { mode: "acceptEdits", permissions: "ask" },
      `Mode 'acceptEdits' lets the agent act without asking, which permissions: "ask" does not allow. Its modes: ask`,
      ["ask"],
    ],
    [
      "a mode that asks for nothing",
      [],
      { mode: "yolo", permissions: "allow" },
      `Mode 'yolo' lets the agent act without asking, which permissions: "allow" does not allow.`,
      ["ask", "acceptEdits"],
    ],
  ];
  for (const [what, words, changes, message, expected] of refusals) {
    await t.step(what, () =>
      chose(words, changes, ({ outcome, all }) => {
        assert.equal(outcome.status, "failed");
        assert.equal(outcome.failure?.kind, "refused");
        assert.ok(outcome.failure?.message.startsWith(message), outcome.failure?.message);
        const told = all("log").find(({ level }) => level === "error");
        assert.equal(told?.message, outcome.failure?.message);
        assert.deepEqual(told?.details?.expected, expected);
        const [field] = Object.keys(changes).filter((name) => name !== "permissions").slice(-1);
        assert.equal(told?.details?.field, `task.execution.${field}`);
        assert.equal(all("at_work").length, 0);
      }));
  }
});

Deno.test("choices: a resumed session that tells no choices keeps what was set before", () =>
  chose(["loads"], { model: "acme/Large", resume: { session_id: "s1" } }, ({ outcome, all }) => {
    assert.equal(outcome.status, "completed", outcome.failure?.message);
    assert.equal(all("session")[0]?.resumed, true);
  }));

Deno.test("choices: names match exactly, else without regard to case, else by their last part, and never two", () => {
  const choices = ["acme/small", "acme/Large", "other/large", "Huge"].map((id) => ({
    id,
    name: `The ${id}`,
  }));
  const found = (wanted: string) => chosen(wanted, { choices, current: "hidden" })?.id;
  assert.equal(found("acme/Large"), "acme/Large");
  assert.equal(found("ACME/large"), "acme/Large");
  assert.equal(found("small"), "acme/small");
  assert.equal(found("huge"), "Huge");
  assert.equal(found("the acme/small"), "acme/small");
  assert.equal(found("large"), undefined);
  assert.equal(found("hidden"), "hidden");
  assert.equal(found("acme"), undefined);
});

Deno.test("choices: no mode of a known agent weakens the permissions", () => {
  const free = (profile: string, mode: string) => {
    const make = BUILT_IN_MAKES.of({ command: ["x"], profile });
    return (["deny", "ask", "allow"] as const).filter((policy) => !tooFree(make, mode, policy)).join(" ");
  };
  const expected: [string, Record<string, string>][] = [
    ["claude", {
      default: "deny ask allow",
      plan: "deny ask allow",
      acceptEdits: "allow",
      auto: "",
      bypassPermissions: "",
    }],
    ["codex", {
      "read-only": "deny ask allow",
      "workspace-write": "allow",
      agent: "",
      "agent-full-access": "",
    }],
    ["gemini", { default: "deny ask allow", plan: "deny ask allow", autoEdit: "allow", yolo: "" }],
    ["generic", { default: "deny ask allow", auto_edit: "allow", yolo: "", "full-access": "" }],
  ];
  for (const [profile, modes] of expected) {
    for (const [mode, policies] of Object.entries(modes)) {
      assert.equal(free(profile, mode), policies, `${profile} ${mode}`);
    }
  }
});
