/** Writes out the TypeScript type of a zod schema, for declarations that do not need zod. */
import * as z from "zod";

interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  description?: string;
}

/** `side`: "input" as clients write it (fields with defaults are optional), or "output" as the server writes it. */
export function typeOf(schema: z.ZodType, side: "input" | "output"): string {
  return text(z.toJSONSchema(schema, { io: side, unrepresentable: "any", reused: "inline" }) as Schema);
}

function text(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return [...new Set(alternatives.map(text))].join(" | ");
  if (schema.allOf) return schema.allOf.map((part) => `(${text(part)})`).join(" & ");
  switch (schema.type) {
    case "string":
    case "number":
    case "boolean":
      return schema.type;
    case "integer":
      return "number";
    case "null":
      return "null";
    case "array":
      return `Array<${text(schema.items ?? {})}>`;
    case "object":
      return objectText(schema);
    case undefined:
      return "unknown";
  }
  throw new Error(`No TypeScript for ${JSON.stringify(schema)}`);
}

function objectText({ properties = {}, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties).flatMap(([name, schema]) => {
    const isRequired = required.includes(name);
    const type = text(schema);
    // The server ignores this field, so clients should not send it.
    if (type === "unknown" && !isRequired) return [];
    const doc = schema.description === undefined ? "" : `/** ${schema.description} */ `;
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
    return [`${doc}${key}${isRequired ? "" : "?"}: ${type}`];
  });
  const own = `{ ${fields.join("; ")} }`;
  const isOpen = additionalProperties === true ||
    (typeof additionalProperties === "object" && Object.keys(additionalProperties).length === 0);
  if (typeof additionalProperties === "object" && !isOpen) {
    return `Record<string, ${text(additionalProperties)}>`;
  }
  if (!isOpen) return own;
  return fields.length === 0 ? "Record<string, unknown>" : `${own} & Record<string, unknown>`;
}
