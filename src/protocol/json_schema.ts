/**
 * JSON Schema from our zod schemas, in the part of the language that every validator knows: no formats, which a strict
 * one refuses and a lax one ignores (a pattern says the same), and no required field without a definition.
 */
import * as z from "zod";
import { isAlwaysSent, isOpen } from "../domain/published.ts";

export type JsonSchema = Record<string, unknown>;

/**
 * `request`: what a client may write, without defaults filled in. `reply`: what holds for any server of this API, so
 * unknown fields are allowed. `own reply`: exactly what this server sends.
 */
export type Side = "request" | "reply" | "own reply";

export function jsonSchema(schema: z.ZodType, side: Side): JsonSchema {
  return z.toJSONSchema(schema, {
    io: side === "request" ? "input" : "output",
    // Rules that JSON Schema cannot express (a calendar date, a closed bracket) are left to the server.
    unrepresentable: "any",
    override({ zodSchema, jsonSchema: made }) {
      delete made.format;
      defineRequired(made);
      if (side === "reply") loosen(zodSchema, made);
    },
  }) as JsonSchema;
}

/** A record with all keys of an enum lists them only as required: gives each its definition. */
function defineRequired(made: z.core.JSONSchema.BaseSchema): void {
  const { required = [], properties, additionalProperties } = made;
  if (properties !== undefined || required.length === 0 || typeof additionalProperties !== "object") return;
  made.properties = Object.fromEntries(required.map((name) => [name, additionalProperties]));
  delete made.propertyNames;
  made.additionalProperties = false;
}

function loosen(schema: z.core.$ZodType, made: z.core.JSONSchema.BaseSchema): void {
  if (isOpen(schema)) {
    made.examples = made.enum;
    delete made.enum;
  }
  if (made.additionalProperties === false) delete made.additionalProperties;
  if (!(schema instanceof z.ZodObject)) return;
  made.required = made.required?.filter((name) => !isAlwaysSent(schema.shape[name]));
  if (made.required?.length === 0) delete made.required;
}
