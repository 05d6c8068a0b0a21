/** The frame of every message: `type`, and the `request_id` that ties a reply to its request. */
import * as z from "zod";
import { text } from "../domain/scalars.ts";
import { Deprecation } from "./deprecations.ts";

export const RequestId = z.union([text(0, 100), z.number()]);
export type RequestId = z.infer<typeof RequestId>;

const Tenant = text(1, 40).describe(
  "The tenant that the message is about, for those of all tenants; `*` for all, where a message is about no single task. " +
    "Default: `default`, or the key's own.",
);

/** A request and the reply that it gets on success. */
export function exchange<
  T extends string,
  S extends z.ZodRawShape,
  R extends string,
  Q extends z.ZodRawShape,
>(type: T, shape: S, replyType: R, replyShape: Q) {
  return {
    request: z.object({
      type: z.literal(type),
      request_id: RequestId.optional(),
      tenant: Tenant.optional(),
      ...shape,
    }),
    reply: z.object({
      type: z.literal(replyType),
      request_id: RequestId.optional(),
      deprecations: z.array(Deprecation).optional(),
      ...replyShape,
    }),
  };
}

/** The sort order of a list request. */
export function sortBy<const F extends readonly [string, ...string[]]>(fields: F) {
  return z.object({ field: z.enum(fields), order: z.enum(["asc", "desc"]).default("asc") });
}

export const pageRequest = {
  limit: z.int().min(1).max(1000).default(50),
  offset: z.int().min(0).default(0),
};

export const Page = z.object({
  limit: z.int(),
  offset: z.int(),
  has_more: z.boolean(),
  next_offset: z.int().optional(),
});
