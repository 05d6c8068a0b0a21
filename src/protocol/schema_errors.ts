/** Turns zod's issues with a message into the one error that the contract prescribes. */
import * as z from "zod";
import { ApiError, type ErrorCode, type ErrorDetails } from "../domain/errors.ts";
import { fieldPath, nearest, shown } from "../domain/field_problem.ts";

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

interface Problem {
  code: ErrorCode;
  message: string;
  details: ErrorDetails;
}

/**
 * The error of a message that its schema refused: the first problem in field order, with all others in
 * `details.errors`.
 */
export function schemaError(schema: z.ZodType, issues: readonly Issue[], message: unknown): ApiError {
  const problems = collect(schema, issues, message);
  const [first, ...others] = problems;
  if (!first) throw new Error("a refused message has no issue");
  const details = others.length === 0 ? first.details : {
    ...first.details,
    errors: others.slice(0, 50).map((p) => ({ code: p.code, message: p.message, ...p.details })),
  };
  return new ApiError(first.code, first.message, details);
}

function collect(schema: z.ZodType, issues: readonly Issue[], message: unknown): Problem[] {
  const missingInTask = issues.filter((issue) => isRequiredOfTask(issue, message)).map((issue) =>
    String(issue.path[1])
  );
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const issue of issues) {
    if (isRequiredOfTask(issue, message)) {
      if (String(issue.path[1]) === missingInTask[0]) problems.push(missingTaskData(missingInTask));
      continue;
    }
    for (const problem of problemsOf(schema, issue, message)) {
      const field = String(problem.details.field);
      // A value that breaks two rules counts as one problem, the first.
      if (!seen.has(field)) problems.push(problem);
      seen.add(field);
    }
  }
  return problems;
}

function isRequiredOfTask(issue: Issue, message: unknown): boolean {
  return issue.path.length === 2 && issue.path[0] === "task" && valueAt(message, issue.path) === undefined &&
    (issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "custom");
}

function missingTaskData(fields: string[]): Problem {
  return {
    code: "INVALID_TASK_DATA",
    message: `Task data is missing required fields: ${fields.join(", ")}`,
    details: { field: `task.${fields[0]}`, value: null, expected: "a required field", fields },
  };
}

function problemsOf(schema: z.ZodType, issue: Issue, message: unknown): Problem[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const suggestion = nearest(key, known);
      return {
        code: codeAt(path, "INVALID_FIELD_VALUE", false),
        message: `Unknown field '${fieldPath(path)}'${suggestion ? `. Did you mean '${suggestion}'?` : ""}`,
        details: {
          field: fieldPath(path),
          value: shown(valueAt(message, path)),
          expected: known,
          suggestion,
        },
      };
    });
  }
  if (issue.code === "invalid_union") {
    const branch = unionBranch(issue, valueAt(message, issue.path));
    return branch.flatMap((inner) =>
      problemsOf(schema, { ...inner, path: [...issue.path, ...inner.path] } as Issue, message)
    );
  }
  return [problemOf(issue, message)];
}

/** The issue of the union's branch that matches the value's JSON type. */
function unionBranch(issue: Extract<Issue, { code: "invalid_union" }>, value: unknown): readonly Issue[] {
  const branches = issue.errors as readonly (readonly Issue[])[];
  const fits = branches.find((branch) =>
    !branch.some((i) => i.path.length === 0 && isTypeMismatch(i, value))
  );
  return fits ?? branches[0] ?? [];
}

function isTypeMismatch(issue: Issue, value: unknown): boolean {
  return issue.code === "invalid_type" || (issue.code === "invalid_value" && typeof value !== "string");
}

function problemOf(issue: Issue, message: unknown): Problem {
  const field = fieldPath(issue.path);
  const value = valueAt(message, issue.path);
  const { code, expected } = judge(issue, value);
  const finalCode = codeAt(issue.path, code, issue.code === "invalid_value" && typeof value === "string");
  return {
    code: finalCode,
    message: sentence(code, field, issue.path, value, expected),
    details: {
      field,
      value: shown(value),
      expected,
      suggestion: Array.isArray(expected) && typeof value === "string" ? nearest(value, expected) : undefined,
    },
  };
}

const TYPE_NAMES: Record<string, string> = { int: "integer", record: "object", nan: "number" };

function judge(issue: Issue, value: unknown): { code: ErrorCode; expected: unknown } {
  switch (issue.code) {
    case "invalid_type": {
      const expected = TYPE_NAMES[issue.expected] ?? issue.expected;
      if (value === undefined) return { code: "MISSING_REQUIRED_FIELD", expected };
      return {
        code: typeof value === "number" ? numberCode(issue.expected) : "INVALID_FIELD_TYPE",
        expected,
      };
    }
    case "invalid_value":
      if (value === undefined) return { code: "MISSING_REQUIRED_FIELD", expected: issue.values };
      return {
        code: typeof value === typeof issue.values[0] ? "INVALID_FIELD_VALUE" : "INVALID_FIELD_TYPE",
        expected: issue.values,
      };
    case "invalid_format":
      return { code: "INVALID_FIELD_FORMAT", expected: issue.message };
    case "too_small":
      return { code: "INVALID_FIELD_VALUE", expected: bound("at least", issue.minimum, issue.origin) };
    case "too_big":
      return { code: "INVALID_FIELD_VALUE", expected: bound("at most", issue.maximum, issue.origin) };
    case "custom":
      return {
        code: (issue.params?.code as ErrorCode | undefined) ?? "INVALID_FIELD_VALUE",
        expected: issue.message,
      };
    default:
      return { code: "INVALID_FIELD_VALUE", expected: issue.message };
  }
}

/** A number in place of an integer has the right JSON type, but a value that is not allowed. */
function numberCode(expected: string): ErrorCode {
  return expected === "int" || expected === "number" ? "INVALID_FIELD_VALUE" : "INVALID_FIELD_TYPE";
}

function bound(which: string, limit: number | bigint, origin: string): string {
  return `${which} ${limit}${origin === "array" ? " elements" : origin === "string" ? " characters" : ""}`;
}

/** Places in a message whose errors have their own code, no matter what is wrong there. */
function codeAt(path: Path, code: ErrorCode, unknownName: boolean): ErrorCode {
  if (path[0] === "filter") return "FILTER_VALIDATION_ERROR";
  if (path[0] === "filters") return "SUBSCRIPTION_ERROR";
  if (path[0] === "channels" && unknownName) return "SUBSCRIPTION_ERROR";
  if (path[path[0] === "task" ? 1 : 0] === "recurring") return "INVALID_RECURRING_CONFIG";
  return code;
}

function sentence(code: ErrorCode, field: string, path: Path, value: unknown, expected: unknown): string {
  const list = Array.isArray(expected) ? expected.join(", ") : undefined;
  if (code === "MISSING_REQUIRED_FIELD") return `Required field '${field}' is missing`;
  if (code === "INVALID_FIELD_TYPE") {
    return `Field '${field}' must be ${list ? `one of: ${list}` : `of type ${expected}`}, not ${
      jsonType(value)
    }`;
  }
  if (list && typeof value === "string") {
    return `Invalid ${typeof path.at(-1) === "number" ? field : String(path.at(-1))} value: '${
      shown(value)
    }'. Valid values are: ${list}`;
  }
  return `Invalid value of '${field}'. Expected: ${list ?? expected}`;
}

function jsonType(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** The field names that the object schema at `path` knows. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
  let at: unknown = schema;
  for (const part of [undefined, ...path]) {
    if (part !== undefined) {
      at = at instanceof z.ZodObject
        ? at.shape[String(part)]
        : at instanceof z.ZodArray
        ? at.element
        : undefined;
    }
    while (at instanceof z.ZodOptional || at instanceof z.ZodDefault || at instanceof z.ZodPrefault) {
      at = at.unwrap();
    }
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}
