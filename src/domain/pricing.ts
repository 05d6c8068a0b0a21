/** What models cost, as the configuration says. It is used where an agent tells no cost. Pure. */
import * as z from "zod";
import { text } from "./scalars.ts";

const price = z.number().min(0);

const Price = z.strictObject({
  input: price.describe("USD per million tokens that the model reads."),
  output: price.describe("USD per million tokens that it writes."),
  cached: price.optional().describe(
    "USD per million tokens that it reads from its provider's cache. Default: as `input`.",
  ),
});
type Price = z.infer<typeof Price>;

export const Pricing = z.record(text(1, 200), Price);
export type Pricing = Readonly<Record<string, Price>>;

const MILLION = 1_000_000;

/** The price of the model: under its own name, else under the part of it that follows the provider's. */
export function priceOf(model: string | undefined, pricing: Pricing): Price | undefined {
  if (model === undefined) return undefined;
  for (const name of [model, model.slice(model.indexOf("/") + 1), model.slice(model.lastIndexOf("/") + 1)]) {
    if (Object.hasOwn(pricing, name)) return pricing[name];
  }
  return undefined;
}

/** In USD; undefined if the model has no price. */
export function estimatedCost(
  tokens: { input_tokens: number; output_tokens: number; cached_tokens: number },
  model: string | undefined,
  pricing: Pricing,
): number | undefined {
  const price = priceOf(model, pricing);
  if (!price) return undefined;
  const { input, output, cached = input } = price;
  return (tokens.input_tokens * input + tokens.output_tokens * output + tokens.cached_tokens * cached) /
    MILLION;
}
