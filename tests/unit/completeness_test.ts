/** Nothing of the document is forgotten: each message, push and error code has a schema, a handler and a test. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { capabilityTable } from "../../src/api/table.ts";
import { ERROR_CODES, ERRORS } from "../../src/domain/errors.ts";
import { LIMIT_NAMES } from "../../src/protocol/limits.ts";
import { EXCHANGES, REQUEST_TYPES, SERVER_MESSAGES } from "../../src/protocol/messages.ts";
import { pushes } from "../../src/protocol/pushes.ts";
import { Channel } from "../../src/protocol/subscription_messages.ts";
import { documentText, examplesIn } from "../fixtures/document/examples.ts";
import { fileNames, ROOT } from "./fixtures/sources.ts";

/** Every `"type": "…"` of the document's examples, and of messages in its prose. */
async function documentedTypes(): Promise<string[]> {
  const types = examplesIn(await documentText()).map(({ value }) => value.type);
  return [...new Set(types.filter((type) => typeof type === "string"))];
}

/** Code and HTTP status, as the document's table has them. */
async function documentedCodes(): Promise<Map<string, number>> {
  const rows = (await documentText()).matchAll(/^\| `([A-Z_]+)`\s*\|[^|]*\|\s*(\d{3}|N\/A)/gm);
  const table = [...rows].map(([, code, status]) => [code!, status === "N/A" ? 0 : Number(status)] as const);
  // Only an example has it; its kind are all 400.
  return new Map([...table, ["INVALID_TASK_DATA", 400]]);
}

const DOOR_FOLDERS = ["api", "agents", "faults", "cli", "simulation"];

/** The tests that go through a door of the product, all in one text. */
async function testTexts(): Promise<string> {
  const doors = new RegExp(
    `^tests/(${DOOR_FOLDERS.join("|")})/.*_test\\.ts$|^tests/unit/client_\\w+_test\\.ts$`,
  );
  const files = (await fileNames()).filter((file) =>
    doors.test(file) && !file.includes("documented_examples")
  );
  assert.ok(files.length > 30, "the tests were not found");
  return (await Promise.all(files.map((file) => Deno.readTextFile(join(ROOT, file))))).join("\n");
}

/** Fails if a name is in none of the tests. `what`: what the names are, and `verb` what a test does with one. */
function assertTested(what: string, verb: string, names: readonly string[], tests: string): void {
  const missing = names.filter((name) => !tests.includes(name));
  const message = `No test under tests/{${DOOR_FOLDERS.join(",")}} ${verb} ${what}: ${missing.join(", ")}. ` +
    "CONTRIBUTING.md says where such a test goes.";
  assert.deepEqual(missing, [], message);
}

const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`);

Deno.test("every documented message has a schema, and every request a handler", async () => {
  const replies = REQUEST_TYPES.map((type) => EXCHANGES[type].reply.shape.type.value as string);
  const known = new Set<string>([...REQUEST_TYPES, ...replies, ...Object.keys(SERVER_MESSAGES)]);
  const documented = await documentedTypes();
  assert.ok(documented.length > 45, `${documented.length} types found`);
  assert.deepEqual(documented.filter((type) => !known.has(type)), []);
  assert.deepEqual([...capabilityTable().keys()].sort(), [...REQUEST_TYPES].sort());
});

/** What the contract adds to the document's table. */
const ADDED_CODES = { CHANGES_CONFLICT: 409 };

Deno.test("every documented error code is known, with its HTTP status and when it occurs", async () => {
  const documented = await documentedCodes();
  assert.ok(documented.size >= 38, `${documented.size} codes found`);
  assert.deepEqual(
    Object.fromEntries(ERROR_CODES.map((code) => [code, ERRORS[code].status])),
    { ...Object.fromEntries(documented), ...ADDED_CODES },
  );
  for (const code of ERROR_CODES) assert.match(ERRORS[code].when, /^\S.{15,}\.$/, code);
});

Deno.test("every request, push and channel is used by a test", async () => {
  const tests = await testTexts();
  assertTested("the request", "sends", quoted(REQUEST_TYPES), tests);
  assertTested("the push", "waits for", quoted(Object.keys(pushes)), tests);
  assertTested("the channel", "subscribes to", quoted(Channel.options), tests);
});

Deno.test("a test causes every error code and every limit", async () => {
  const tests = await testTexts();
  assertTested("the error", "causes", ERROR_CODES, tests);
  assertTested("the limit", "reaches", LIMIT_NAMES, tests);
});

Deno.test("what only people may do is closed to agents, as soon as there is such a message", () => {
  const closed = new Set([
    "respond_to_permission",
    "answer_question",
    "approve_step",
    "release_agent",
    "create_pull_request",
    "prune_worktrees",
  ]);
  const there = [...capabilityTable().values()].filter(({ type }) => closed.has(type));
  assert.ok(there.length >= 5, "the names are of messages");
  for (const { type, agentChanges, permission } of there) {
    assert.equal(agentChanges, undefined, type);
    // What needs no more than these is open to all.
    assert.ok(permission !== "read" && permission !== "none", type);
  }
});
