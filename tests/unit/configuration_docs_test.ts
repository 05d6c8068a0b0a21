/** The configuration's reference is what the schema says, and says something of every key. */
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { CONFIGURATION_DOCS, configurationDocs } from "../../scripts/configuration_docs.ts";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { configKeys, configSchema } from "../../src/protocol/config_reference.ts";

Deno.test("docs/configuration.md is up to date (deno task docs)", async () => {
  assert.equal(await Deno.readTextFile(CONFIGURATION_DOCS), configurationDocs());
});

Deno.test("every key has a meaning, a type and its bounds", () => {
  const keys = configKeys(BUILT_IN_MAKES.known);
  assert.deepEqual(keys.filter(({ description }) => description === "").map(({ key }) => key), []);
  const { type, default: standard } = keys.find(({ key }) => key === "tasks.max_concurrent")!;
  assert.deepEqual([type, standard], ["integer, 1–1000", "4"]);
  assert.ok(keys.some(({ key }) => key === "agents.NAME.command"));
});

Deno.test("the JSON Schema accepts and refuses what the program does", () => {
  const isValid = new Ajv2020({ strict: false }).compile(configSchema(BUILT_IN_MAKES.known));
  assert.ok(isValid({ $schema: "x", tasks: { max_concurrent: 2 } }), JSON.stringify(isValid.errors));
  assert.ok(!isValid({ tasks: { max_concurent: 2 } }));
  assert.ok(!isValid({ tasks: { max_concurrent: 0 } }));
});
