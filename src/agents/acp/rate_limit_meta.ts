/** The provider's limit as Claude Code's adapter reports it in `_meta` of an update, and others after it. Pure. */
import { given } from "../../domain/given_fields.ts";
import type { WireObject } from "../makes/agent_make.ts";
import type { ModelTrouble } from "./model_trouble.ts";
import { refusalIn } from "./told_refusal.ts";
import { objectOf, textOf } from "./wire_value.ts";

/**
 * `{"_claude/rateLimit": {"status": "rejected", "resetsAt": 1796045617, "rateLimitType": "seven_day_opus", …}}`: the limit that
 * has refused a request; undefined if none has.
 */
export function limitInMeta({ _meta }: WireObject, now_ms: number): ModelTrouble | undefined {
  const limit = objectOf(objectOf(_meta)?.["_claude/rateLimit"]);
  // Beyond the limit, an account may go on for money.
  if (limit?.status !== "rejected" || limit.isUsingOverage === true || limit.overageInUse === true) {
    return undefined;
  }
  const type = textOf(limit.rateLimitType) ?? "";
  const { until_ms } = refusalIn(limit, now_ms);
  const model = /_(opus|sonnet|haiku|fable)$/.exec(type)?.[1];
  return given<ModelTrouble>({
    kind: "provider_limit",
    what: `usage limit ${type.replaceAll("_", " ")}`.trim(),
    until_ms,
    model,
  });
}
