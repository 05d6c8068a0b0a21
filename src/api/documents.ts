/** The API described for machines: JSON Schema and AsyncAPI, generated from the schemas that validate the messages. */
import type { z } from "zod";
import { ERRORS } from "../domain/errors.ts";
import { type JsonSchema, jsonSchema, type Side } from "../protocol/json_schema.ts";
import { SUBPROTOCOLS } from "../protocol/api_version.ts";
import { EXCHANGES, REQUEST_TYPES, SERVER_MESSAGES } from "../protocol/messages.ts";
import { PUSHED } from "../protocol/pushed.ts";
import { pushes } from "../protocol/pushes.ts";
import { capabilityTable } from "./table.ts";

/** The schema as a part of a document, which names the dialect itself. */
function definition(schema: z.ZodType, side: Side): JsonSchema {
  const { $schema: _dialect, ...definition } = jsonSchema(schema, side);
  return definition;
}

/** Definitions by message type: requests as clients write them, replies and pushes as servers of this API send them. */
function definitions(reply: Exclude<Side, "request"> = "reply"): Record<string, JsonSchema> {
  const all: Record<string, JsonSchema> = {};
  for (const type of REQUEST_TYPES) {
    const exchange = EXCHANGES[type];
    all[type] = definition(exchange.request, "request");
    all[exchange.reply.shape.type.value] = definition(exchange.reply, reply);
  }
  for (const [type, schema] of Object.entries(SERVER_MESSAGES)) all[type] = definition(schema, reply);
  return all;
}

/** One JSON Schema: the root is any request, each message has a definition. */
export function schemaDocument(reply?: Exclude<Side, "request">): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "opencode-agents messages",
    anyOf: REQUEST_TYPES.map((type) => ({ $ref: `#/$defs/${type}` })),
    $defs: definitions(reply),
  };
}

/** AsyncAPI 3.0: one channel, an operation for each request with its reply, one for all pushes. */
export function asyncApiDocument(version: string): JsonSchema {
  const table = capabilityTable();
  const schemas = definitions();
  const message = (type: string) => ({ $ref: `#/channels/socket/messages/${type}` });
  const operations: JsonSchema = {};
  for (const type of REQUEST_TYPES) {
    const capability = table.get(type)!;
    operations[type] = {
      action: "receive",
      channel: { $ref: "#/channels/socket" },
      summary: capability.doc,
      messages: [message(type)],
      reply: {
        channel: { $ref: "#/channels/socket" },
        messages: [message(EXCHANGES[type].reply.shape.type.value), message("error")],
      },
    };
  }
  operations.push = {
    action: "send",
    channel: { $ref: "#/channels/socket" },
    summary: "What the server pushes to subscribers. full_status: only with compatibility.pushes.",
    messages: [...Object.keys(SERVER_MESSAGES).filter((type) => type !== "error"), "full_status"].map(
      message,
    ),
  };
  return {
    asyncapi: "3.0.0",
    info: { title: "opencode-agents", version, description: "Mission control for coding agents." },
    defaultContentType: "application/json",
    channels: {
      socket: {
        address: "/ws",
        description: `WebSocket, subprotocol ${
          Object.values(SUBPROTOCOLS).join(" or ")
        }. The same requests work as POST /api.`,
        messages: Object.fromEntries(
          Object.keys(schemas).map((type) => [type, { $ref: `#/components/messages/${type}` }]),
        ),
      },
    },
    operations,
    components: {
      messages: Object.fromEntries(
        Object.keys(schemas).map((
          type,
        ) => [type, { name: type, payload: { $ref: `#/components/schemas/${type}` } }]),
      ),
      schemas,
    },
  };
}

/** What the HTML reference shows of each request. */
export interface ReferenceEntry {
  type: string;
  doc: string;
  permission: string;
  limit?: string;
  errors: readonly string[];
  example: unknown;
  request: JsonSchema;
  reply: JsonSchema;
  reply_type: string;
}

export function referenceEntries(): ReferenceEntry[] {
  const table = capabilityTable();
  const schemas = definitions();
  return REQUEST_TYPES.map((type) => {
    const { doc, permission, limit, errors, example } = table.get(type)!;
    const reply_type = EXCHANGES[type].reply.shape.type.value;
    return {
      type,
      doc,
      permission,
      limit,
      errors,
      example,
      request: schemas[type]!,
      reply: schemas[reply_type]!,
      reply_type,
    };
  });
}

/** What the HTML reference shows of each push. */
export interface PushEntry {
  type: string;
  channel?: string;
  when: string;
  schema: JsonSchema;
}

export function pushEntries(): PushEntry[] {
  const described = Object.entries(pushes).map(([type, schema]) => ({
    type,
    ...PUSHED[type as keyof typeof pushes],
    schema: definition(schema, "reply"),
  }));
  const when = "The first message of every connection.";
  const schema = definition(SERVER_MESSAGES.connection_established, "reply");
  return [{ type: "connection_established", when, schema }, ...described];
}

/** The codes of the document's table: HTTP status (0: none), and when each arises. */
export const ERROR_TABLE = Object.entries(ERRORS).map(([code, { status, when }]) => ({ code, status, when }));
