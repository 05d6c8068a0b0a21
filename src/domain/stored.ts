/**
 * Reads stored values: brings them from the version that wrote them to the current one, and checks their shape.
 *
 * The bounds of the schema are not checked: a record that an earlier version accepted stays readable when a bound is
 * tightened.
 */
import * as z from "zod";
import { migrated, VERSION } from "./migrations/migrations.ts";

/** How one kind of stored value is read. */
export interface Stored<T> {
  /** The name of the kind, such as `task.state`, as migrations use it. */
  readonly kind: string;
  /** The value in the current version. Throws `StoredValueError` with the reason if it cannot be read. */
  read(value: unknown, version: number): T;
  /** As `read`, for a value from outside: all bounds of the schema are checked too. */
  readForeign(value: unknown, version: number): T;
}

/** Why a stored value cannot be read. The caller adds which record it was. */
export class StoredValueError extends Error {
  override readonly name = "StoredValueError";
}

export function stored<T>(kind: string, schema: z.ZodType<T>): Stored<T> {
  // Built for the first value: most kinds have none at a start.
  let shape: z.ZodType | undefined;
  let fits: Check | undefined;
  const read = (value: unknown, version: number): T => {
    if (version > VERSION) {
      throw new StoredValueError(`written by version ${version}, and this program knows ${VERSION}`);
    }
    const current = migrated(kind, value, version);
    // Takes a third of the time of a parse, for the 100,000s of values read at startup. If it says no, zod decides.
    shape ??= unbounded(schema);
    fits ??= checkOf(shape);
    if (fits(current)) return current as T;
    const parsed = shape.safeParse(current);
    if (parsed.success) return current as T;
    const [issue] = parsed.error.issues;
    throw misshapen(issue);
  };
  return {
    kind,
    read,
    readForeign(value, version) {
      const current = read(value, version);
      const issues = schema.safeParse(current).error?.issues ?? [];
      // What this version does not know is kept, as in the store.
      const issue = issues.find(({ code }) => code !== "unrecognized_keys");
      if (issue !== undefined) throw misshapen(issue);
      return current;
    },
  };
}

function misshapen(issue: z.core.$ZodIssue | undefined): StoredValueError {
  return new StoredValueError(
    `${issue?.path.join(".") || "value"}: ${issue?.message ?? "of no known shape"}`,
  );
}

/** The schema without bounds, formats and refinements. Objects keep unknown fields. */
function unbounded(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional) return unbounded(schema.unwrap() as z.ZodType).optional();
  if (schema instanceof z.ZodObject) {
    return z.looseObject(
      Object.fromEntries(
        Object.entries(schema.shape).map(([name, each]) => [name, unbounded(each as z.ZodType)]),
      ),
    );
  }
  if (schema instanceof z.ZodArray) return z.array(unbounded(schema.element as z.ZodType));
  if (schema instanceof z.ZodTuple) {
    return z.tuple(schema.def.items.map((item) => unbounded(item as z.ZodType)) as [z.ZodType]);
  }
  if (schema instanceof z.ZodRecord) return z.record(z.string(), unbounded(schema.valueType as z.ZodType));
  if (schema instanceof z.ZodUnion) {
    return z.union(schema.options.map((each) => unbounded(each as z.ZodType)));
  }
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return z.string();
  if (schema instanceof z.ZodNumber) return z.number();
  if (
    schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral || schema instanceof z.ZodBoolean ||
    schema instanceof z.ZodUnknown
  ) return schema;
  throw new Error(`a stored schema holds a ${schema.def.type}, which nobody has thought of`);
}

type Check = (value: unknown) => boolean;

/** A fast check for the shape of an unbounded schema. It never accepts a wrong value, but may reject a right one. */
function checkOf(schema: z.ZodType): Check {
  if (schema instanceof z.ZodOptional) return checkOf(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodObject) return checkOfObject(schema);
  if (schema instanceof z.ZodArray) {
    const element = checkOf(schema.element as z.ZodType);
    return (value) => Array.isArray(value) && value.every(element);
  }
  if (schema instanceof z.ZodRecord) {
    const each = checkOf(schema.valueType as z.ZodType);
    return (value) => isObject(value) && Object.values(value).every(each);
  }
  if (schema instanceof z.ZodUnion) {
    const options = schema.options.map((option) => checkOf(option as z.ZodType));
    return (value) => options.some((check) => check(value));
  }
  if (schema instanceof z.ZodString) return (value) => typeof value === "string";
  if (schema instanceof z.ZodNumber) return Number.isFinite;
  if (schema instanceof z.ZodBoolean) return (value) => typeof value === "boolean";
  if (schema instanceof z.ZodEnum) {
    const options = new Set<unknown>(schema.options);
    return (value) => options.has(value);
  }
  if (schema instanceof z.ZodUnknown) return () => true;
  return () => false;
}

/** Loops over the fields that the value has: they are fewer than the fields it may have. */
function checkOfObject({ shape }: z.ZodObject): Check {
  const checks = new Map(Object.entries(shape).map(([name, each]) => [name, checkOf(each as z.ZodType)]));
  const required = new Set(Object.keys(shape).filter((name) => !(shape[name] instanceof z.ZodOptional)));
  return (value) => {
    if (!isObject(value)) return false;
    let found = 0;
    for (const name in value) {
      const check = checks.get(name);
      if (!check) continue;
      if (!check(value[name])) return false;
      if (required.has(name)) found++;
    }
    return found === required.size;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
