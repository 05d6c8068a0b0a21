import assert from "node:assert/strict";
import { ownCommand } from "../../src/cli/own_command.ts";

Deno.test("a suggested command names the server that the user has named, and no key", () => {
  const name = "opencode-agents";
  assert.equal(ownCommand("follow t1", {}, name), "opencode-agents follow t1");
  assert.equal(
    ownCommand("follow t1", { url: "http://[::1]:8081", key: "secret" }, "npx opencode-agents"),
    "npx opencode-agents follow t1 --url http://[::1]:8081",
  );
  assert.equal(
    ownCommand("top", { data: "/tmp/it's here" }, name),
    "opencode-agents top --data '/tmp/it'\\''s here'",
  );
  assert.equal(
    ownCommand("top", { url: "http://a:1", data: "/x" }, name),
    "opencode-agents top --url http://a:1",
  );
});
