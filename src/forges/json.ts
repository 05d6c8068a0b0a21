/** Reads what a forge's program prints: fields that are missing or of another type are as if they were not there. */
import * as z from "zod";

export const word = z.string().catch("");
export const maybeWord = z.string().optional().catch(undefined);
export const flag = z.boolean().catch(false);

/** A list, without the entries that do not fit. */
export function listOf<T extends z.ZodType>(entry: T) {
  return z.array(z.unknown()).catch([]).transform((entries): z.output<T>[] =>
    entries.flatMap((one) => {
      const parsed = entry.safeParse(one);
      return parsed.success ? [parsed.data] : [];
    })
  );
}

/** The address that a program printed last. */
export function printedUrl(text: string): string | undefined {
  return text.match(/https?:\/\/[^\s"'<>]+/g)?.at(-1)?.replace(/[.,)]+$/, "");
}
