/** The messages of "Rate Limit Monitoring" and "Administrative Controls" of the API document. */
import * as z from "zod";
import { Actor } from "../domain/actor.ts";
import { exchange } from "./exchange.ts";
import { LIMIT_NAMES } from "./limits.ts";
import { text } from "../domain/scalars.ts";

/** A client, named by its address. */
const client = text(1, 100);
const name = z.enum(LIMIT_NAMES);
const value = z.int().min(1).max(1_000_000_000);
const values = z.strictObject(
  Object.fromEntries(LIMIT_NAMES.map((limit) => [limit, value.optional()])) as {
    [L in typeof LIMIT_NAMES[number]]: z.ZodOptional<typeof value>;
  },
);
const DAY_SECONDS = 86_400;

export const LimitPolicyView = z.object({
  enabled: z.boolean(),
  suspended: z.object({ until: z.string(), reason: z.string().optional(), by: Actor }).optional(),
  scaling: z.object({
    enabled: z.boolean(),
    factor: z.number().describe("The current factor of the message limits, 0–1."),
  }),
  limits: z.record(name, value).describe("The current values, before scaling and overrides."),
  limits_by: Actor.optional().describe("Who last changed the limits. Absent while they are as configured."),
  overrides: z.array(z.object({ client, limits: values, until: z.string().optional(), by: Actor })),
});
export type LimitPolicyView = z.infer<typeof LimitPolicyView>;

export const LimitReport = LimitPolicyView.extend({
  usage: z.array(z.object({
    limit: name,
    scope: z.enum(["server", "client"]),
    client: client.optional().describe("The client, for limits of scope client."),
    current: z.int(),
    maximum: z.int(),
    reset_time: z.string(),
  })).describe("The server's limits, and the limits that each listed client is using."),
  history: z.array(z.object({
    minute: z.string(),
    messages: z.int(),
    refused: z.int(),
  })).describe("The last minutes, the oldest first."),
  top_clients: z.array(z.object({
    client,
    connections: z.int(),
    messages: z.int().describe("Within the requested time."),
    refused: z.int(),
  })),
  violations: z.array(z.object({
    time: z.string().describe("The time of the latest one."),
    client,
    limit: name,
    count: z.int().describe("How many within one minute."),
  })).describe("The newest first."),
  violations_by_limit: z.partialRecord(name, z.int()),
  timestamp: z.string(),
});
export type LimitReport = z.infer<typeof LimitReport>;

export const limitMessages = {
  request_rate_limits: exchange(
    "request_rate_limits",
    {
      client: client.optional().describe("Reports only on this client."),
      minutes: z.int().min(1).max(60).default(60),
      top: z.int().min(0).max(100).default(10),
    },
    "rate_limits",
    { data: LimitReport },
  ),
  update_rate_limits: exchange(
    "update_rate_limits",
    {
      limits: values.optional().describe("New values for all clients, until the server ends."),
      override: z.strictObject({
        client,
        limits: values,
        seconds: z.int().min(1).max(30 * DAY_SECONDS).optional(),
      })
        .optional().describe(
          "Values for one client, for this many seconds. Without `seconds`, until lifted.",
        ),
      lift_override: client.optional(),
      suspend: z.strictObject({ seconds: z.int().min(1).max(3600), reason: text(1, 500).optional() })
        .optional()
        .describe("Suspends all limits for this many seconds."),
      resume: z.literal(true).optional().describe("Ends a suspension."),
      scaling: z.strictObject({ enabled: z.boolean(), minimum: z.number().min(0.01).max(1).optional() })
        .optional()
        .describe(
          "Lowers message limits while the machine is overloaded, but never below the share `minimum` of their values.",
        ),
    },
    "rate_limits_updated",
    { data: LimitPolicyView, timestamp: z.string() },
  ),
};
