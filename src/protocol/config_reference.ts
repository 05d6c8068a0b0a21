/** The reference of the configuration file, derived from its schema, for editors and for people. */
import { configWith, type KnownAgents } from "./config.ts";
import { jsonSchema } from "./json_schema.ts";

interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
}

/** One key of the file. */
export interface ConfigKey {
  /** Such as `tasks.max_concurrent`. `NAME` stands for a name that the user chooses. */
  key: string;
  /** Such as `integer, 1–1000`. */
  type: string;
  /** As JSON; undefined if the key has no default. */
  default?: string;
  description: string;
}

/** The JSON Schema of the file as users write it, without defaults filled in. */
export function configSchema(known: KnownAgents): Record<string, unknown> {
  return { title: "opencode-agents configuration", ...jsonSchema(configWith(known), "request") };
}

/** Every key, in the order of the schema. */
export function configKeys(known: KnownAgents): ConfigKey[] {
  return keysOf(configSchema(known) as Schema, "").filter(({ key }) => key !== "$schema");
}

function keysOf(schema: Schema, path: string): ConfigKey[] {
  const below = (name: string) => path === "" ? name : `${path}.${name}`;
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, each]) => keysOf(each, below(name)));
  if (named.length > 0) return named;
  const values = schema.additionalProperties;
  if (typeof values === "object" && values.properties) {
    return [keyOf(schema, path), ...keysOf(values, below("NAME"))];
  }
  return [keyOf(schema, path)];
}

function keyOf(schema: Schema, key: string): ConfigKey {
  return {
    key,
    type: typeOf(schema),
    default: schema.default === undefined ? undefined : JSON.stringify(schema.default),
    description: schema.description ?? "",
  };
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}s`;
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" or ");
  if (schema.type === "object") return "object";
  const { minimum, maximum } = schema;
  // The limits of safe integers are not bounds that anyone set.
  const isBound = (value: number | undefined) =>
    value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  const bounds = isBound(minimum) && isBound(maximum)
    ? `, ${minimum}–${maximum}`
    : isBound(minimum)
    ? `, at least ${minimum}`
    : "";
  return `${schema.type ?? "any value"}${bounds}`;
}
