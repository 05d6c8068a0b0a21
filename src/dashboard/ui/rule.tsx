/** A schedule's rule in words. What reads cron expressions loads with its first use. */
import { lazyModule } from "./lazy_module.ts";
import type { Rule } from "./schedule_words.ts";

const useWords = lazyModule(() => import("./schedule_words.ts"));

export function RuleInWords({ rule }: { rule: Rule }) {
  return <>{useWords()?.ruleInWords(rule) ?? "…"}</>;
}
