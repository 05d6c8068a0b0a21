/** What a tenant is shown tells nothing of other tenants, not even whether there is one. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { withInnerIds, withOuterIds } from "../../src/api/tenant_ids.ts";

const OWN = "bolt";
const id = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
const said = fc.oneof(
  id,
  fc.tuple(fc.constantFrom("acme", OWN, "corp", "-_"), id).map(([tenant, one]) => `${tenant}+${one}`),
  fc.tuple(fc.string(), id).map(([text, one]) => `${text} 'acme+${one}' ${text}`),
);
const field = fc.constantFrom(
  "task_id",
  "id",
  "name",
  "message",
  "reason",
  "error",
  "tags",
  "target",
  "until",
);
const { message } = fc.letrec((tie) => ({
  message: fc.dictionary(fc.oneof(field, said), tie("value"), { maxKeys: 5 }),
  value: fc.oneof({ maxDepth: 3 }, said, fc.integer(), fc.array(said, { maxLength: 3 }), tie("message")),
}));

Deno.test("what a tenant is shown does not depend on which other tenants there are", () => {
  fc.assert(fc.property(message, fc.constantFrom(OWN, "default"), (shown, viewer) => {
    const alone = withOuterIds(shown as object, viewer, { bolt: {} });
    const among = withOuterIds(shown as object, viewer, { bolt: {}, acme: {}, corp: {}, "-_": {} });
    assert.deepEqual(among, alone);
  }));
});

Deno.test("a tenant's ids come back as it wrote them, and ids of others do not", () => {
  fc.assert(fc.property(id, id, (own, other) => {
    const inner = withInnerIds("get_task_status", { task_id: own }, OWN);
    assert.deepEqual(inner, { task_id: `${OWN}+${own}` });
    const tenants = { bolt: {}, acme: {} };
    assert.deepEqual(withOuterIds(inner, OWN, tenants), { task_id: own });
    const shown = {
      task_id: `acme+${other}`,
      task_ids: [`acme+${other}`, `${OWN}+${own}`],
      first: `acme+${other}`,
    };
    assert.deepEqual(withOuterIds(shown, OWN, tenants), {
      task_id: undefined,
      task_ids: [own],
      first: undefined,
    });
  }));
});
