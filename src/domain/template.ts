/** Tasks with blanks, as the configuration names them, and what fills the blanks. Pure. */
import * as z from "zod";
import { describedBy, isTooLong } from "./description.ts";
import { fieldPath, fieldProblem } from "./field_problem.ts";
import { ExactInteger } from "./exact_json.ts";
import { HIDDEN, hidden } from "./hidden_value.ts";
import { text } from "./scalars.ts";
import { type NewTask, REQUESTED_FIELDS } from "./task.ts";

const { id: _id, recurring: _recurring, ...taskFields } = REQUESTED_FIELDS;

const NAME = /^[a-zA-Z0-9_-]{1,40}$/;
export const TemplateName = z.string().regex(NAME, { error: "1 to 40 letters, digits, '_' or '-'" });
const ParamName = TemplateName;

/** Anything in double braces is a blank, so that a misspelled one is found. */
const BLANK = /\{\{(.*?)\}\}/gs;

export const VALUE_MAX = 65_536;

const Param = z.strictObject({
  default: z.string().max(VALUE_MAX).optional().describe("Without one, the parameter must be given."),
  pattern: text(1, 1000).optional().describe(
    "A regular expression in RE2's syntax, which the whole value must match.",
  ),
  description: text(0, 1000).optional().describe("For lists and forms: what the value is."),
});

const Trigger = z.strictObject({
  secret_env: text(1, 200).describe("The server's variable with the secret that signs the deliveries."),
  events: z.array(text(1, 200)).optional().describe(
    "The events that start a task, such as issues.opened, or issues for all its actions. Default: all.",
  ),
  params: z.record(ParamName, text(1, 1000)).default({}).describe(
    "Where the parameters stand in the delivery: names with dots between them, such as issue.title.",
  ),
});

const TemplateTask = z.record(z.string(), z.unknown());

export const Template = z.strictObject({
  description: text(0, 1000).optional().describe("For lists and forms: what the template is for."),
  params: z.record(ParamName, Param).default({}).describe("The blanks of the task, by name."),
  task: TemplateTask.describe(
    "A task as in start_task, without its id. `{{P}}` in its texts stands for the parameter P. Its type is feature and its " +
      "priority medium, unless it says otherwise.",
  ),
  trigger: Trigger.optional().describe("Lets `POST /hooks/NAME` start it."),
}).superRefine(({ params, task, trigger }, context) => {
  const refuse = (path: PropertyKey[], message: string, input: unknown) =>
    context.addIssue({ code: "custom", path, message, input });
  const names = Object.keys(params);
  for (const [path, name] of blanksIn(task, ["task"])) {
    if (!names.includes(name)) refuse(path, `only blanks of declared parameters, not {{${name}}}`, name);
  }
  for (const [name, value] of Object.entries(task)) {
    if (!Object.hasOwn(taskFields, name)) {
      refuse(["task", name], `one of the fields ${Object.keys(taskFields).join(", ")}`, value);
    } else if (blanksIn(value, []).length === 0) {
      const { error } = taskFields[name as keyof typeof taskFields].safeParse(value);
      for (const issue of error?.issues ?? []) refuse(["task", name, ...issue.path], issue.message, value);
    }
  }
  if (task.description === undefined) refuse(["task", "description"], "a required field", undefined);
  for (const name of Object.keys(trigger?.params ?? {})) {
    if (!names.includes(name)) refuse(["trigger", "params", name], "a declared parameter", name);
  }
});
export type Template = z.infer<typeof Template>;

/** A template's task as it may be shown. One with blanks is checked when they are filled: it may have any shape. */
export function shownTask(task: Template["task"]): Template["task"] {
  const { execution } = task;
  if (!isRecord(execution)) return task;
  const { env, mcp_servers } = execution;
  return {
    ...task,
    execution: {
      ...execution,
      ...env !== undefined && { env: hiddenIn(env) },
      ...Array.isArray(mcp_servers) && { mcp_servers: mcp_servers.map(shownServer) },
    },
  };
}

function shownServer(server: unknown): unknown {
  if (!isRecord(server)) return server;
  const { env, headers } = server;
  return {
    ...server,
    ...env !== undefined && { env: hiddenIn(env) },
    ...headers !== undefined && { headers: hiddenIn(headers) },
  };
}

function hiddenIn(values: unknown): unknown {
  return isRecord(values) ? hidden(values as Record<string, string>) : HIDDEN;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The blanks in a value, each with its place. */
function blanksIn(value: unknown, path: PropertyKey[]): [path: PropertyKey[], name: string][] {
  if (typeof value === "string") return [...value.matchAll(BLANK)].map(([, name]) => [path, name!.trim()]);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    blanksIn(one, [...path, Array.isArray(value) ? Number(key) : key])
  );
}

export type Values = Readonly<Record<string, string>>;

/**
 * The value of each parameter. `matches`: whether a value matches the parameter's pattern. Throws
 * `MISSING_REQUIRED_FIELD`, or `INVALID_FIELD_VALUE` for an unknown parameter and a value that does not match.
 */
export function valuesOf(
  { params }: Template,
  given: Readonly<Record<string, string | number | boolean>>,
  matches: (param: string, value: string) => boolean,
): Values {
  const values: Record<string, string> = Object.create(null);
  for (const [name, { default: fallback, pattern }] of Object.entries(params)) {
    const field = fieldPath(["params", name]);
    const value = Object.hasOwn(given, name) ? String(given[name]) : fallback;
    if (value === undefined) {
      throw fieldProblem(
        "MISSING_REQUIRED_FIELD",
        field,
        undefined,
        "a value",
        `Required field '${field}' is missing`,
      );
    }
    if (value.length > VALUE_MAX) {
      throw fieldProblem("INVALID_FIELD_VALUE", field, value, `at most ${VALUE_MAX} characters`);
    }
    if (pattern !== undefined && !matches(name, value)) {
      throw fieldProblem("INVALID_FIELD_VALUE", field, value, `a text that matches ${pattern}`);
    }
    values[name] = value;
  }
  for (const [name, value] of Object.entries(given)) {
    if (Object.hasOwn(params, name)) continue;
    throw fieldProblem("INVALID_FIELD_VALUE", fieldPath(["params", name]), value, Object.keys(params));
  }
  return values;
}

/**
 * The template's task. A value stays text inside its string, and blanks in it are left as they are. A description that
 * becomes too long is cut; what it says goes to the prompt, unless the template has one.
 */
export function filledTask({ task }: Template, values: Values, id: string): Record<string, unknown> {
  const { description, execution, ...rest } = filled(task, values) as Partial<NewTask>;
  const whole = { type: "feature", priority: "medium", ...rest, id, description, execution };
  if (description === undefined || !isTooLong(description)) return whole;
  const described = describedBy(description);
  return {
    ...whole,
    description: described.description,
    execution: { ...execution, prompt: execution?.prompt ?? described.prompt },
  };
}

function filled(value: unknown, values: Values): unknown {
  if (typeof value === "string") return value.replace(BLANK, (_, name: string) => values[name.trim()] ?? "");
  if (Array.isArray(value)) return value.map((one) => filled(one, values));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, values)]));
}

/** What a delivery says of the parameters that the trigger names. What is absent, null, a list or an object is left out. */
export function triggeredParams({ trigger }: Template, delivery: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, path] of Object.entries(trigger?.params ?? {})) {
    const value = path.split(".").reduce(ownProperty, delivery);
    const isText = ["string", "number", "boolean"].includes(typeof value) || value instanceof ExactInteger;
    if (isText) found[name] = String(value);
  }
  return found;
}

function ownProperty(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  if (Array.isArray(value) && !/^\d+$/.test(name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

/** Why a delivery starts no task, although it is well signed; undefined if it does. */
export function ignoredBecause(
  { trigger }: Template,
  event: string | undefined,
  delivery: unknown,
): string | undefined {
  if (event === "ping") return "ping";
  const { events } = trigger ?? {};
  if (events === undefined) return undefined;
  const action = ownProperty(delivery, "action");
  const full = typeof action === "string" ? `${event}.${action}` : event;
  const isNamed = event !== undefined && (events.includes(event) || events.includes(full!));
  return isNamed ? undefined : `event ${full ?? "(none)"} is not among the trigger's events`;
}
