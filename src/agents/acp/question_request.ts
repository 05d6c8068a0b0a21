/** Reads an agent's question (`elicitation/create`). Its shape is not trusted, and everything that is kept has a bound. Pure. */
import {
  type Question,
  QuestionField,
  type QuestionOption,
  type QuestionSchema,
} from "../../domain/question.ts";
import { given } from "../../domain/given_fields.ts";
import type { WireObject } from "../makes/agent_make.ts";
import { cut, listOf, objectOf, objectsOf, oneLine, textOf } from "./wire_value.ts";

const MOST_FIELDS = 50;
const MOST_CHOICES = 200;
const LONGEST_VALUE = 1000;
/** The most characters of a whole schema as JSON. */
const LONGEST_SCHEMA = 65_536;

/** What the agent asks; a string says why a person cannot be asked that. */
export function readQuestion(params: WireObject): Pick<Question, "message" | "schema" | "url"> | string {
  const message = cut(textOf(params.message) ?? "The agent asks a question", 8192);
  if (params.mode === "url") {
    const url = textOf(params.url);
    if (url === undefined || !isWebPage(url)) return "its address is not one of a web page";
    return { message, url };
  }
  if (params.mode !== "form" && params.mode !== undefined) {
    return `it is of an unknown kind, ${cut(String(params.mode), 50)}`;
  }
  const schema = readSchema(objectOf(params.requestedSchema) ?? {});
  return typeof schema === "string" ? schema : { message, schema };
}

function isWebPage(url: string): boolean {
  return url.length <= 8192 && ["http:", "https:"].includes(URL.parse(url)?.protocol ?? "");
}

function readSchema(schema: WireObject): QuestionSchema | string {
  const asked = Object.entries(objectOf(schema.properties) ?? {});
  const required = listOf(schema.required).flatMap((name) => textOf(name) ?? []);
  if (asked.length > MOST_FIELDS) return `it has more than ${MOST_FIELDS} fields`;
  const properties: QuestionSchema["properties"] = {};
  for (const [name, value] of asked) {
    const field = readField(objectOf(value) ?? {});
    if (field !== undefined && name !== "__proto__") properties[name] = field;
    else if (required.includes(name)) return `its field '${oneLine(name, 100)}' is of an unknown kind`;
  }
  const read = {
    type: "object" as const,
    ...wordsOf(schema),
    properties,
    required: required.filter((name) => Object.hasOwn(properties, name)),
  };
  return JSON.stringify(read).length > LONGEST_SCHEMA ? "its form is too long" : read;
}

/** A field as the protocol allows it. Undefined for one that a form cannot show. */
function readField(field: WireObject): QuestionField | undefined {
  const known = Object.fromEntries(Object.entries(field).filter(([, value]) => value !== null));
  const shape = { type: field.type, ...wordsOf(field), ...choicesIn(field) };
  // A default or a bound that makes no sense does not keep the question from being asked.
  const read = QuestionField.safeParse({ ...known, ...shape }).data ?? QuestionField.safeParse(shape).data;
  return read && given(read);
}

function choicesIn(field: WireObject): { enum: unknown; oneOf: unknown; items: unknown } {
  const items = readItems(objectOf(field.items));
  const values = readValues(field.enum);
  const titles = listOf(field.enumNames);
  const oneOf = readChoices(field.oneOf);
  if (oneOf !== undefined || titles.length === 0) return { enum: oneOf ? undefined : values, oneOf, items };
  // The older form of titles, which servers of the Model Context Protocol still send.
  const titled = values?.map((value, i) => ({ const: value, title: textOf(titles[i]) ?? value }));
  return { enum: undefined, oneOf: titled, items };
}

function wordsOf({ title, description }: WireObject): { title?: string; description?: string } {
  const words: { title?: string; description?: string } = {};
  if (textOf(title) !== undefined) words.title = oneLine(String(title), 500);
  if (textOf(description) !== undefined) words.description = cut(String(description), 4096);
  return words;
}

function readItems(items: WireObject | undefined): unknown {
  if (items === undefined) return undefined;
  const anyOf = readChoices(items.anyOf ?? items.oneOf);
  return anyOf === undefined ? { type: "string", enum: readValues(items.enum) } : { anyOf };
}

function readChoices(value: unknown): QuestionOption[] | undefined {
  const choices = objectsOf(value).slice(0, MOST_CHOICES).flatMap((option) => {
    const value = option.const;
    if (typeof value !== "string" || value.length > LONGEST_VALUE) return [];
    return [{ const: value, title: value, ...wordsOf(option) }];
  });
  return choices.length > 0 ? choices : undefined;
}

function readValues(value: unknown): string[] | undefined {
  const values = listOf(value).slice(0, MOST_CHOICES)
    .filter((item): item is string => typeof item === "string" && item.length <= LONGEST_VALUE);
  return values.length > 0 ? values : undefined;
}
