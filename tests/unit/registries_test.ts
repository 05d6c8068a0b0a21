/** What the server refuses to start with: a message, a channel or a task type whose registration makes no sense. */
import assert from "node:assert/strict";
import { channelTable } from "../../src/api/channels/table.ts";
import type { ChannelDefinition } from "../../src/api/channels/channel.ts";
import { type AnyCapability, capabilityTable } from "../../src/api/table.ts";
import { TASK_TYPES, type TaskTypeDefinition, taskTypeTable } from "../../src/domain/task_types.ts";

const capabilities = [...capabilityTable().values()];
const channels = [...channelTable().values()];

/** All capabilities, where `ping` is another. */
const withPing = (fields: Partial<Record<keyof AnyCapability, unknown>>): AnyCapability[] =>
  capabilities.map((one) => one.type === "ping" ? { ...one, ...fields } as AnyCapability : one);

const withSecurity = (fields: Partial<Record<keyof ChannelDefinition, unknown>>): ChannelDefinition[] =>
  channels.map((one) => one.name === "security" ? { ...one, ...fields } as ChannelDefinition : one);

Deno.test("duplicate or missing messages, and messages that contradict the protocol, are refused at start", () => {
  const refused = (all: AnyCapability[], why: RegExp) => assert.throws(() => capabilityTable(all), why);
  refused([...capabilities, ...withPing({}).filter(({ type }) => type === "ping")], /'ping' is there twice/);
  refused(capabilities.filter(({ type }) => type !== "ping"), /no capability for: ping/);
  refused(withPing({ type: "pong" }), /'pong' is for no message of the protocol/);
  refused(withPing({ doc: " " }), /'ping' has no documentation/);
  refused(withPing({ permission: "root" }), /'ping' needs an unknown permission: 'root'/);
  refused(withPing({ limit: "pings_per_minute" }), /'ping' has an unknown limit: 'pings_per_minute'/);
  refused(withPing({ errors: ["PING_LOST"] }), /'ping' answers an undeclared error code: 'PING_LOST'/);
  refused(withPing({ example: { type: "ping", timestamp: "now" } }), /'ping' has an invalid example/);
  assert.equal(capabilityTable(withPing({ permission: "none" })).get("ping")!.permission, "none");
});

Deno.test("duplicate or missing channels, and channels that contradict the protocol, are refused at start", () => {
  const refused = (all: ChannelDefinition[], why: RegExp) => assert.throws(() => channelTable(all), why);
  refused([...channels, ...withSecurity({})], /two definitions of the channel/);
  refused(channels.filter(({ name }) => name !== "security"), /no definition of the channels: security/);
  refused(withSecurity({ name: "weather" }), /the protocol has no channel 'weather'/);
  refused(withSecurity({ permission: "root" }), /'security' needs an unknown permission: 'root'/);
  refused(withSecurity({ pushes: ["log_entry"] }), /'log_entry' is no push of the channel 'security'/);
  refused(withSecurity({ onEvent: undefined }), /channel 'security' never has a push/);
});

Deno.test("duplicate, malformed or undescribed task types are refused at start", () => {
  const lint = { name: "lint", title: "Lint", description: "Comments on a diff." };
  const refused = (fields: Partial<TaskTypeDefinition>, why: RegExp) =>
    assert.throws(() => taskTypeTable([lint, { ...lint, ...fields }]), why);
  refused({}, /two task types 'lint'/);
  refused({ name: "no spaces" }, /a task type is named 'no spaces'/);
  refused({ name: "" }, /a task type is named ''/);
  refused({ name: "fuzz", description: " " }, /'fuzz' has no title or no description/);
  assert.deepEqual([...taskTypeTable([lint]).keys()], ["lint"]);
  assert.deepEqual(TASK_TYPES, [...taskTypeTable().keys()]);
});
