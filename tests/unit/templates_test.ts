/** Templates of the configuration: what is refused at start. */
import assert from "node:assert/strict";
import { effectiveConfig } from "../../src/boot/config_file.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { outdated } from "../../src/domain/delivery.ts";
import type { ApiError } from "../../src/domain/errors.ts";
import { Templates, type TemplatesContext } from "../../src/engine/templates/templates.ts";

const task = { description: "Do {{what}}" };
const params = { what: {} };

async function open(template: object, env: Record<string, string> = {}): Promise<void> {
  const { templates } = effectiveConfig({ templates: { t: template } }, { base: "/" });
  await Templates.open(templates, env, { clock: systemClock } as TemplatesContext);
}

Deno.test("a template that could not work is refused at the start, with its place", async () => {
  await open({ params, task });
  for (
    const [template, place, env] of [
      [{ task }, "templates.t.task.description"],
      [
        { params, task: JSON.parse('{"description":"x","metadata":{"__proto__":"y"}}') },
        "task.metadata.__proto__",
      ],
      [
        { params: JSON.parse('{"__proto__":{}}'), task: { description: "x" } },
        "templates.t.params.__proto__",
      ],
      [{ params, task: { ...task, metadata: { tags: ["{{ wat }}"] } } }, "templates.t.task.metadata.tags[0]"],
      [{ params, task: { ...task, colour: "red" } }, "templates.t.task.colour"],
      [{ params, task: { ...task, id: "x" } }, "templates.t.task.id"],
      [{ params, task: { ...task, priority: "huge" } }, "templates.t.task.priority"],
      [{ params, task: { type: "feature" } }, "templates.t.task.description"],
      [{ params: { what: { pattern: "(" } }, task }, "templates.t.params.what.pattern"],
      [{ params: { what: { pattern: "(?=a)" } }, task }, "templates.t.params.what.pattern"],
      [
        { params, task, trigger: { secret_env: "S", params: { other: "a" } } },
        "templates.t.trigger.params.other",
      ],
      [{ params, task, trigger: { secret_env: "S" } }, "templates.t.trigger.secret_env"],
      [{ params, task, trigger: { secret_env: "S" } }, "templates.t.trigger.secret_env", { S: "" }],
    ] as [object, string, Record<string, string>?][]
  ) {
    await assert.rejects(open(template, env), (error: ApiError) => {
      assert.equal(error.code, "CONFIGURATION_ERROR");
      assert.ok(JSON.stringify([error.message, error.details]).includes(place), `${place}: ${error.message}`);
      return true;
    });
  }
  await open({ params, task, trigger: { secret_env: "S" } }, { S: "x" });
});

Deno.test("deliveries that started a task are kept for a day, of the others the newest 200", () => {
  const now = "2030-01-02T00:00:00.000Z";
  const at = (i: number, outcome: "started" | "ignored") => ({
    time: new Date(Date.parse(now) - i * 400_000).toISOString(),
    outcome,
  });
  const all = Array.from({ length: 300 }, (_, i) => at(i, i % 2 === 0 ? "started" : "ignored"));
  const old = outdated(all, now);
  assert.ok(old.every(({ time, outcome }) => outcome === "ignored" || time < "2030-01-01T00:00:00.000Z"));
  assert.ok(
    old.length > 50 && !old.includes(all[199]!) && old.includes(all[201]!) && !old.includes(all[202]!),
  );
});
