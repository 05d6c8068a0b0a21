/** Each kind of wrong field gets the code, path, value and expectation that the contract says. */
import assert from "node:assert/strict";
import { type ErrorCode } from "../../src/domain/errors.ts";
import { schemaError } from "../../src/protocol/schema_errors.ts";
import { nearest } from "../../src/domain/field_problem.ts";
import { EXCHANGES, type RequestType } from "../../src/protocol/messages.ts";
import { epochOf } from "../../src/clock/clock.ts";
import { isGlob } from "../../src/domain/scalars.ts";
import { isTimeZone } from "../../src/domain/time_zones.ts";

const GOOD = { id: "a", type: "testing", priority: "low", description: "d" };

function refuse(type: RequestType, fields: Record<string, unknown>) {
  const message = { type, ...fields };
  const schema = EXCHANGES[type].request;
  const parsed = schema.safeParse(message);
  assert.ok(!parsed.success, `accepted: ${JSON.stringify(message).slice(0, 200)}`);
  return schemaError(schema, parsed.error.issues, message);
}

function accept(type: RequestType, fields: Record<string, unknown>) {
  const parsed = EXCHANGES[type].request.safeParse({ type, ...fields });
  assert.ok(parsed.success, JSON.stringify(parsed.error?.issues));
}

const TASK_CASES: [string, Record<string, unknown>, ErrorCode, string][] = [
  ["id empty", { id: "" }, "INVALID_FIELD_FORMAT", "task.id"],
  ["id too long", { id: "x".repeat(101) }, "INVALID_FIELD_FORMAT", "task.id"],
  ["id with a space", { id: "a b" }, "INVALID_FIELD_FORMAT", "task.id"],
  ["id reserved", { id: "system_x" }, "INVALID_FIELD_VALUE", "task.id"],
  ["id reserved", { id: "internal_x" }, "INVALID_FIELD_VALUE", "task.id"],
  ["id number", { id: 5 }, "INVALID_FIELD_TYPE", "task.id"],
  ["id null", { id: null }, "INVALID_FIELD_TYPE", "task.id"],
  ["type unknown", { type: "test" }, "INVALID_FIELD_VALUE", "task.type"],
  ["type number", { type: 1 }, "INVALID_FIELD_TYPE", "task.type"],
  ["priority unknown", { priority: "urgent" }, "INVALID_FIELD_VALUE", "task.priority"],
  ["description empty", { description: "" }, "INVALID_FIELD_VALUE", "task.description"],
  ["description too long", { description: "x".repeat(1001) }, "INVALID_FIELD_VALUE", "task.description"],
  ["pattern with ..", { files_pattern: "../a" }, "INVALID_FIELD_VALUE", "task.files_pattern"],
  ["pattern absolute", { files_pattern: "/a" }, "INVALID_FIELD_VALUE", "task.files_pattern"],
  ["pattern unclosed [", { files_pattern: "[ab" }, "INVALID_FIELD_FORMAT", "task.files_pattern"],
  ["pattern unclosed {", { files_pattern: "a{b,c" }, "INVALID_FIELD_FORMAT", "task.files_pattern"],
  ["pattern too long", { files_pattern: "a".repeat(501) }, "INVALID_FIELD_VALUE", "task.files_pattern"],
  ["dependencies object", { dependencies: {} }, "INVALID_FIELD_TYPE", "task.dependencies"],
  ["dependency malformed", { dependencies: ["a b"] }, "INVALID_FIELD_FORMAT", "task.dependencies[0]"],
  ["dependency number", { dependencies: ["a", 1] }, "INVALID_FIELD_TYPE", "task.dependencies[1]"],
  ["dependency twice", { dependencies: ["a", "a"] }, "INVALID_FIELD_VALUE", "task.dependencies[1]"],
  [
    "21 dependencies",
    { dependencies: Array.from({ length: 21 }, (_, i) => `d${i}`) },
    "INVALID_FIELD_VALUE",
    "task.dependencies",
  ],
  ["timeout small", { timeout: 999 }, "INVALID_FIELD_VALUE", "task.timeout"],
  ["timeout large", { timeout: 86_400_001 }, "INVALID_FIELD_VALUE", "task.timeout"],
  ["timeout fraction", { timeout: 1000.5 }, "INVALID_FIELD_VALUE", "task.timeout"],
  ["timeout text", { timeout: "1000" }, "INVALID_FIELD_TYPE", "task.timeout"],
  ["timeout null", { timeout: null }, "INVALID_FIELD_TYPE", "task.timeout"],
  ["time malformed", { scheduled_time: "tomorrow" }, "INVALID_FIELD_FORMAT", "task.scheduled_time"],
  [
    "time 30 February",
    { scheduled_time: "2030-02-30T00:00:00Z" },
    "INVALID_FIELD_FORMAT",
    "task.scheduled_time",
  ],
  [
    "time without zone",
    { scheduled_time: "2030-01-01T00:00:00" },
    "INVALID_FIELD_FORMAT",
    "task.scheduled_time",
  ],
  ["recurring text", { recurring: "daily" }, "INVALID_RECURRING_CONFIG", "task.recurring"],
  ["recurring empty", { recurring: {} }, "INVALID_RECURRING_CONFIG", "task.recurring.interval"],
  [
    "recurring unknown",
    { recurring: { interval: "yearly" } },
    "INVALID_RECURRING_CONFIG",
    "task.recurring.interval",
  ],
  [
    "recurring zone",
    { recurring: { interval: "daily", timezone: "Mars/X" } },
    "INVALID_RECURRING_CONFIG",
    "task.recurring.timezone",
  ],
  [
    "recurring runs",
    { recurring: { interval: "daily", max_runs: 0 } },
    "INVALID_RECURRING_CONFIG",
    "task.recurring.max_runs",
  ],
  ["metadata text", { metadata: "x" }, "INVALID_FIELD_TYPE", "task.metadata"],
  ["tag too long", { metadata: { tags: ["x".repeat(51)] } }, "INVALID_FIELD_VALUE", "task.metadata.tags[0]"],
  ["tag number", { metadata: { tags: [1] } }, "INVALID_FIELD_TYPE", "task.metadata.tags[0]"],
  [
    "11 tags",
    { metadata: { tags: Array.from({ length: 11 }, (_, i) => `t${i}`) } },
    "INVALID_FIELD_VALUE",
    "task.metadata.tags",
  ],
  ["complexity", { metadata: { complexity: "huge" } }, "INVALID_FIELD_VALUE", "task.metadata.complexity"],
  ["unknown field", { colour: "red" }, "INVALID_FIELD_VALUE", "task.colour"],
  ["execution unknown", { execution: { shell: true } }, "INVALID_FIELD_VALUE", "task.execution.shell"],
  [
    "prompt too long",
    { execution: { prompt: "é".repeat(32_769) } },
    "INVALID_FIELD_VALUE",
    "task.execution.prompt",
  ],
];

for (const [name, fields, code, field] of TASK_CASES) {
  Deno.test(`task, ${name}: ${code} at ${field}`, () => {
    const error = refuse("start_task", { task: { ...GOOD, ...fields } });
    assert.equal(error.code, code);
    assert.equal(error.details.field, field);
    assert.ok("value" in error.details && "expected" in error.details);
  });
}

Deno.test("a task with every field is accepted, and read-only fields are ignored", () => {
  accept("start_task", {
    task: {
      ...GOOD,
      files_pattern: "**/*.{ts,js}",
      dependencies: ["x"],
      timeout: 1000,
      scheduled_time: "2030-01-01T00:00:00+02:00",
      recurring: { interval: "daily", max_runs: 3, timezone: "Europe/Vienna" },
      metadata: { tags: ["a"], custom: { deep: [1] } },
      execution: { prompt: "é".repeat(32_768), permissions: "ask", isolation: "none" },
      status: "running",
      progress: "whatever",
    },
  });
  accept("start_task", { task: { ...GOOD, description: "👍".repeat(1000) }, unknown_at_the_root: 1 });
});

Deno.test("missing required fields of a task: one error that names them all", () => {
  const error = refuse("start_task", { task: { priority: "low" } });
  assert.equal(error.code, "INVALID_TASK_DATA");
  assert.equal(error.message, "Task data is missing required fields: id, type, description");
  assert.deepEqual(error.details.fields, ["id", "type", "description"]);
  assert.equal(refuse("start_task", {}).code, "MISSING_REQUIRED_FIELD");
  assert.equal(refuse("start_task", {}).details.field, "task");
  assert.equal(refuse("start_task", { task: null }).code, "INVALID_FIELD_TYPE");
  assert.equal(refuse("start_task", { task: [] }).code, "INVALID_FIELD_TYPE");
});

Deno.test("the first error in field order wins, the others are listed", () => {
  const error = refuse("start_task", {
    task: { ...GOOD, zzz: 1, timeout: 1, priority: "urgent", files_pattern: "/x" },
  });
  assert.equal(error.details.field, "task.priority");
  assert.equal(
    error.message,
    "Invalid priority value: 'urgent'. Valid values are: low, medium, high, critical",
  );
  const others = error.details.errors as { field: string }[];
  assert.deepEqual(others.map((one) => one.field), ["task.files_pattern", "task.timeout", "task.zzz"]);
  assert.equal(refuse("start_task", { task: { ...GOOD, timeout: 1 } }).details.errors, undefined);
});

Deno.test("long values are cut at 200 characters", () => {
  const error = refuse("start_task", { task: { ...GOOD, description: "x".repeat(5000) } });
  assert.equal((error.details.value as string).length, 200);
});

const FILTERS: [string, unknown, string][] = [
  ["no object", "x", "filter"],
  ["null", null, "filter"],
  ["unknown status", { status: "done" }, "filter.status"],
  ["unknown status in a list", { status: ["running", "done"] }, "filter.status[1]"],
  ["status number", { status: 5 }, "filter.status"],
  ["unknown key", { colour: 1 }, "filter.colour"],
  ["time", { created_after: "yesterday" }, "filter.created_after"],
  ["range", { progress_range: { min: 101 } }, "filter.progress_range.min"],
  ["range type", { progress_range: 5 }, "filter.progress_range"],
  ["dependencies", { has_dependencies: "yes" }, "filter.has_dependencies"],
];
for (const [name, filter, field] of FILTERS) {
  Deno.test(`list_tasks, filter with ${name}: FILTER_VALIDATION_ERROR at ${field}`, () => {
    const error = refuse("list_tasks", { filter });
    assert.equal(error.code, "FILTER_VALIDATION_ERROR");
    assert.equal(error.details.field, field);
  });
}

Deno.test("list_tasks: sort and page", () => {
  const code = (fields: Record<string, unknown>) => refuse("list_tasks", fields).code;
  assert.equal(code({ sort: { field: "colour" } }), "INVALID_FIELD_VALUE");
  assert.equal(code({ sort: { field: "id", order: "up" } }), "INVALID_FIELD_VALUE");
  assert.equal(code({ sort: {} }), "MISSING_REQUIRED_FIELD");
  assert.equal(code({ sort: "id" }), "INVALID_FIELD_TYPE");
  assert.equal(code({ limit: 0 }), "INVALID_FIELD_VALUE");
  assert.equal(code({ limit: 1001 }), "INVALID_FIELD_VALUE");
  assert.equal(code({ limit: 1.5 }), "INVALID_FIELD_VALUE");
  assert.equal(code({ limit: "5" }), "INVALID_FIELD_TYPE");
  assert.equal(code({ offset: -1 }), "INVALID_FIELD_VALUE");
});

Deno.test("subscriptions: unknown channels and filters are SUBSCRIPTION_ERROR", () => {
  const of = (fields: Record<string, unknown>) => refuse("subscribe_to_updates", fields);
  assert.equal(of({ channels: ["task_status", "weather"] }).code, "SUBSCRIPTION_ERROR");
  assert.equal(of({ channels: ["task_status"], filters: { weather: {} } }).code, "SUBSCRIPTION_ERROR");
  assert.equal(
    of({ channels: ["task_status"], filters: { task_status: { colour: [] } } }).code,
    "SUBSCRIPTION_ERROR",
  );
  assert.equal(of({}).code, "MISSING_REQUIRED_FIELD");
  assert.equal(of({ channels: "task_status" }).code, "INVALID_FIELD_TYPE");
  assert.equal(of({ channels: [5] }).code, "INVALID_FIELD_TYPE");
  assert.equal(of({ channels: [] }).code, "INVALID_FIELD_VALUE");
  assert.equal(of({ channels: ["agents", "agents"] }).code, "INVALID_FIELD_VALUE");
});

Deno.test("request_id: a short string or a number", () => {
  accept("ping", { request_id: "x".repeat(100) });
  accept("ping", { request_id: 7 });
  assert.equal(refuse("ping", { request_id: "x".repeat(101) }).details.field, "request_id");
  assert.equal(refuse("ping", { request_id: {} }).code, "INVALID_FIELD_TYPE");
});

Deno.test("timestamps", () => {
  for (
    const good of [
      "2024-01-15T10:30:00Z",
      "2024-02-29T23:59:59.999+05:30",
      "2024-01-15T10:30Z",
      "2024-01-15T10:30:00-0500",
      "2024-01-15T10:30:00+02",
    ]
  ) {
    assert.ok(!Number.isNaN(epochOf(good)), good);
  }
  for (
    const bad of [
      "2023-02-29T00:00:00Z",
      "2024-01-15",
      "2024-01-15T10:30:00",
      "2024-13-01T00:00:00Z",
      "2024-01-15T25:00:00Z",
      "10:30:00Z",
      "",
      "2024-01-15 10:30:00Z",
    ]
  ) {
    assert.ok(Number.isNaN(epochOf(bad)), bad);
  }
  assert.equal(epochOf("2024-01-15T10:30:00-0500"), Date.parse("2024-01-15T15:30:00Z"));
  assert.equal(epochOf("2024-01-15T10:30:00+02"), Date.parse("2024-01-15T08:30:00Z"));
});

Deno.test("globs and time zones", () => {
  for (const good of ["**/*.ts", "{a,b}/*.js", "[a-z].txt", "[]]x", "a\\[b", "!(a|b)"]) {
    assert.ok(isGlob(good), good);
  }
  for (const bad of ["[a", "{a,b", "a{b{c}", "[!"]) assert.ok(!isGlob(bad), bad);
  assert.ok(isTimeZone("Europe/Vienna") && isTimeZone("UTC"));
  assert.ok(!isTimeZone("Mars/X") && !isTimeZone("") && !isTimeZone("+02:00"));
});

Deno.test("suggestions of the nearest known name", () => {
  assert.equal(nearest("start_taks", ["start_task", "cancel_task"]), "start_task");
  assert.equal(nearest("xyz", ["start_task"]), undefined);
});
