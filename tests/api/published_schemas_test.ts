/** The schemas that the server publishes, judged by a strict validator that knows nothing of us. */
import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { withApp } from "../fixtures/app.ts";
import { documentText, examplesIn } from "../fixtures/document/examples.ts";

type Json = Record<string, unknown>;
type Document = Json & { $defs: Record<string, Json> };

/** Throws for a keyword or format that it does not know, and for a definition that contradicts itself. */
function compile(schema: Json): ValidateFunction {
  const warned: string[] = [];
  const warn = (message: string) => void warned.push(message);
  const validate = new Ajv2020({ strict: true, allErrors: true, logger: { log: warn, warn, error: warn } })
    .compile(schema);
  assert.deepEqual(warned, []);
  return validate;
}

Deno.test("the published schemas", async (t) => {
  await withApp({}, async (app) => {
    const fetched = async (path: string) => await (await fetch(app.url + path)).json();
    const document: Document = await fetched("/schema.json");
    const definition = (type: string) => compile({ $defs: document.$defs, $ref: `#/$defs/${type}` });

    await t.step("every one is strictly valid, as a whole and in its parts", async () => {
      compile(document);
      for (const type of Object.keys(document.$defs)) definition(type);
      compile(await fetched("/config.schema.json"));
      const { components } = await fetched("/asyncapi.json");
      for (const schema of Object.values(components.schemas)) compile(schema as Json);
    });

    await t.step("they hold for whoever knows only the API's document: its examples are valid", async () => {
      let seen = 0;
      for (const { place, value } of examplesIn(await documentText())) {
        if (value.type === undefined) continue;
        const isValid = definition(String(value.type));
        assert.ok(isValid(value), `${place}: ${JSON.stringify(isValid.errors)}`);
        seen++;
      }
      assert.ok(seen > 60, `${seen} examples`);
      const isConfig = compile(await fetched("/config.schema.json"));
      const security = { ip_whitelist: ["127.0.0.1", "192.168.1.0/24", "::1"], ip_blacklist: ["fd00::/8"] };
      assert.ok(isConfig({ security }), JSON.stringify(isConfig.errors));
      assert.ok(!isConfig({ security: { ip_whitelist: ["localhost"] } }));
    });

    await t.step("a reply of a later version, with more in it, is valid; a wrong one is not", () => {
      const isPong = definition("pong");
      const pong = { type: "pong", timestamp: 1, server_time: "2030-01-01T00:00:00.000Z" };
      assert.ok(isPong(pong));
      assert.ok(isPong({ ...pong, latency_ms: 3 }));
      assert.ok(!isPong({ ...pong, timestamp: "1" }));
      assert.ok(!isPong({ type: "pong", timestamp: 1 }));
    });

    await t.step("a time is judged by its pattern", () => {
      const isRequest = definition("list_tasks");
      const since = (created_after: string) => isRequest({ type: "list_tasks", filter: { created_after } });
      assert.ok(since("2030-01-01T00:00:00+02:00"));
      assert.ok(!since("2030-01-01") && !since("yesterday"));
    });
  });
});
