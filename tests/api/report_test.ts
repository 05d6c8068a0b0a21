/** The daily report through the door, and its text for tasks of every kind. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { marked } from "marked";
import type { Task } from "../../src/domain/task.ts";
import { dailyReport, isReported } from "../../src/protocol/daily_report.ts";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

const NOW = Date.parse("2030-01-02T07:00:00Z");

function task(id: string, status: Task["status"], more: Partial<Task> = {}): Task {
  return {
    id,
    type: "testing",
    priority: "low",
    description: `do ${id}`,
    status,
    progress: 0,
    created_at: "2030-01-01T20:00:00.000Z",
    retry_count: 0,
    attempt: 1,
    ...more,
  };
}

const usage = (cost_usd: number, cost_source: "reported" | "estimated" | "unknown" = "reported") => ({
  turns: 1,
  input_tokens: 1,
  output_tokens: 1,
  cached_tokens: 0,
  duration_ms: 1,
  cost_usd,
  cost_source,
});

Deno.test("report: by project, each task under what has become of it, with times, reasons and costs", () => {
  const lately = "2030-01-02T03:00:00.000Z";
  const all = [
    task("good", "completed", { project: "shop", completed_at: lately, usage: usage(1.25, "estimated") }),
    task("bad", "failed", {
      project: "shop",
      completed_at: lately,
      error: "Check 'npm test' failed\n# not a title",
      usage: usage(0.5),
    }),
    task("held", "queued", {
      project: "shop",
      waiting_for: {
        kind: "provider_limit",
        agent: "claude",
        until: "2030-01-02T09:30:00.000Z",
        reason: "usage limit",
      },
    }),
    task("look", "completed", {
      completed_at: "2029-12-24T03:00:00.000Z",
      review: "to_review",
      usage: usage(0, "unknown"),
    }),
    task("old", "completed", { completed_at: "2029-12-24T03:00:00.000Z" }),
    task("done_with", "completed", { completed_at: lately, archived: true }),
  ];
  const facts = { costs: [], today: "2030-01-02", now_ms: NOW, timezone: "Europe/Vienna", cost_zone: "UTC" };
  const text = dailyReport({
    ...facts,
    tasks: all.filter((one) => isReported(one, NOW)),
    costs: [
      { project: "shop", day: "2030-01-02", cost_usd: 1.25, cost_source: "reported" },
      { project: "shop", day: "2030-01-01", cost_usd: 2, cost_source: "reported" },
      { day: "2030-01-02", cost_usd: 0.5, cost_source: "estimated" },
    ],
  });
  assert.equal(
    text,
    `# Report of 2030-01-02 08:00

The last 24 hours. Times are in Europe/Vienna. Costs are those of days in UTC.

Cost: ≥$1.75 on 2030-01-02 so far, $2.00 on 2030-01-01.

## shop

### Failed (1)

- \`bad\` do bad: Check 'npm test' failed \\# not a title

### Done (1)

- \`good\` do good: ~$1.25 in all

### Waiting (1)

- \`held\` do held: waits for claude's limit until 2030-01-02 10:30

Cost: $1.25 on 2030-01-02 so far, $2.00 on 2030-01-01.

## Without a project

### Needs you (1)

- \`look\` do look: review

Cost: ~$0.50 on 2030-01-02 so far.
`,
  );
  const many = Array.from({ length: 130 }, (_, i) => task(`t${i}`, "queued", { project: `p${1000 + i}` }));
  assert.match(
    dailyReport({ ...facts, tasks: many }),
    /## p1099\n[^#]*###[^#]*And 30 more projects with 30 tasks\.\n$/,
  );
  assert.match(dailyReport({ ...facts, tasks: [] }), /Cost: none\.\n\nNothing was done, and nothing waits/);
});

/** What stands between the markup, as a browser shows it. */
function shown(html: string): string {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return html.replace(/<[^>]*>/g, "").replace(/&#39;/g, "'").replace(/&(\w+);/g, (_, name) => named[name]!);
}

Deno.test("report: texts of others stay text, whatever they hold, in Markdown and in a terminal", () => {
  const hostile = fc.string({
    unit: fc.constantFrom(
      ..."ab1 -+*_`~#|<>[]()!&;:./\\\"'=\n\r\t",
      "<b>",
      "![x](y)",
      "[x](javascript:y)",
      "&lt;",
      "&#60;",
      "\n\n# title",
      "\n---\n",
      "\u001b[2J",
      "\u009b",
      "\u202e",
      "\u2028",
      "```",
    ),
    minLength: 1,
    maxLength: 40,
  }).filter((text) => /\w/.test(text) && !/www\.|:\/\/|@/.test(text));
  fc.assert(fc.property(hostile, hostile, hostile, (description, error, project) => {
    const one = task("one", "failed", {
      completed_at: "2030-01-02T03:00:00.000Z",
      description,
      error,
      metadata: { project },
    });
    const other = task("two", "queued");
    const facts = { costs: [], today: "2030-01-02", now_ms: NOW, timezone: "UTC", cost_zone: "UTC" };
    const text = dailyReport({ ...facts, tasks: [one, other] });
    assert.doesNotMatch(text, /[^\n\P{Cc}]|\p{Bidi_Control}/u);
    const html = marked.parse(text, { async: false });
    assert.deepEqual(
      [...new Set([...html.matchAll(/<\/?(\w+)/g)].map(([, name]) => name))].sort(),
      ["code", "h1", "h2", "h3", "li", "p", "ul"],
      text,
    );
    const line = (said: string) => said.replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, " ").trim();
    assert.ok(shown(html).includes(`one ${line(description)}: ${line(error)}`), `${text}\n${html}`);
    assert.ok(shown(html).includes(`\n${line(project)}\n`), `${text}\n${html}`);
  }));
});

Deno.test("report: create_report answers with the tasks of the server, of one project if asked", async () => {
  const config = {
    limits: { enabled: false },
    agents: { scripted: SCRIPTED },
    tasks: { default_agent: "scripted" },
  };
  await withApp({ config }, async (app) => {
    const report = async (more: object = {}) => {
      const { reply } = await app.post({ type: "create_report", kind: "daily", format: "markdown", ...more });
      return EXCHANGES.create_report.reply.parse(reply).content;
    };
    assert.match(await report(), /Nothing was done/);
    const started = {
      id: "one",
      type: "testing",
      priority: "low",
      description: "first",
      execution: { prompt: "print done" },
    };
    await app.post({ type: "start_task", task: started });
    await until(async () => /### Done \(1\)\n\n- `one` first/.test(await report()));
    assert.match(await report({ project: "other" }), /Nothing was done/);
    const refused = (await app.post({ type: "create_report", kind: "hourly" })).reply;
    assert.equal(refused.code, "INVALID_FIELD_VALUE");
  });
});
