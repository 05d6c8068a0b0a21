/** Requests a change of limits. Reports which fields the server refuses, and why. */
import type { Fields } from "../../../client/replies.ts";
import { ApiError } from "../../../domain/errors.ts";
import type { LimitName } from "../../../protocol/limits.ts";
import { client } from "../../data/server.ts";

export type Change = Fields<"update_rate_limits">;

/** The change that an administrator is entering. */
export type Editing =
  | { kind: "limit"; limit: LimitName }
  | { kind: "override"; client: string }
  | { kind: "suspend" }
  | { kind: "scaling" };

/** What is wrong, by field of the message, such as `override.client`. */
export type FieldProblems = ReadonlyMap<string, string>;

export const NO_PROBLEMS: FieldProblems = new Map();

/** Sends the change. Resolves to the problems by field; throws errors that concern no field. */
export async function change(requested: Change): Promise<FieldProblems> {
  try {
    await client.request("update_rate_limits", requested);
    return NO_PROBLEMS;
  } catch (error) {
    if (!(error instanceof ApiError) || typeof error.details.field !== "string") throw error;
    const others = (error.details.errors ?? []) as { field?: unknown; message?: unknown }[];
    return new Map([{ field: error.details.field, message: error.message }, ...others].map((
      { field, message },
    ) => [String(field), String(message)]));
  }
}

/** The typed number. Other text is sent as it is, and the server refuses it. */
export function numberOf(text: string): number {
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text as unknown as number;
}
