/**
 * Whatever is sent is answered with the right code, once and in order, and hurts nobody: judged by the published
 * JSON Schema and a validator that is not ours. `HOSTILE_MESSAGES` sets how many are sent, `HOSTILE_SEED` which.
 */
import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { schemaDocument } from "../../src/api/documents.ts";
import { capabilityTable } from "../../src/api/table.ts";
import { ERROR_CODES } from "../../src/domain/errors.ts";
import type { RequestType } from "../../src/protocol/messages.ts";
import { pushes } from "../../src/protocol/pushes.ts";
import { HostileMessages } from "../fixtures/hostile_messages.ts";
import { RawSocket, TEXT } from "../fixtures/raw_socket.ts";
import { residentBytes } from "../fixtures/resident_bytes.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { sizeOf } from "../fixtures/tier.ts";

const MESSAGES = sizeOf("HOSTILE_MESSAGES");
const SEED = Number(Deno.env.get("HOSTILE_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const TRANSPORTS = ["fast", "hardened"];
/** Each round has a server and connections of its own, and the transports take turns. */
const ROUND = Math.min(10_000, Math.ceil(MESSAGES / TRANSPORTS.length));
const CONNECTIONS = 4;
const IN_FLIGHT = 100;
/** What a round's messages may leave: the tasks that the right ones among them started. */
const MEMORY_MAX = 450e6;
const DEPTH_MAX = 100;
/** They would switch off or reset what the test relies on. */
const LEFT_OUT = ["update_rate_limits"];

const CONFIG = {
  limits: { enabled: false },
  agents: { nothing: { protocol: "command", command: ["true"] } },
  tasks: { default_agent: "nothing", max_concurrent: 2 },
};

/** Codes that say that the message itself is wrong. */
const REFUSALS = ERROR_CODES.filter((code) =>
  /^(INVALID_|MISSING_|UNKNOWN_|FILTER_VALIDATION|SUBSCRIPTION_ERROR|TASK_DEPENDENCY)/.test(code)
);

type Json = Record<string, unknown>;

/** Messages that may be answered after later ones if they carry a `request_id`. */
const SLOW = new Set([...capabilityTable().values()].filter(({ isSlow }) => isSlow).map(({ type }) => type));

/** The same text, but answered in its turn, by which answers are told apart here. */
function answeredInTurn(text: string): string {
  if (!text.includes("request_id")) return text;
  try {
    const message = JSON.parse(text) as Json;
    if (!SLOW.has(message?.type as RequestType)) return text;
    delete message.request_id;
    return JSON.stringify(message);
  } catch {
    return text;
  }
}

class Judge {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: false, logger: false });
  readonly #document: { $defs: Record<string, Json> };
  readonly #requests: Set<string>;
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #exact = schemaDocument("own reply") as Json;

  constructor(document: Json) {
    this.#document = document as never;
    const anyOf = document.anyOf as { $ref: string }[];
    this.#requests = new Set(anyOf.map(({ $ref }) => $ref.replace("#/$defs/", "")));
  }

  get requests(): string[] {
    return [...this.#requests];
  }

  #validator(type: string, { $defs }: Json = this.#document): ValidateFunction {
    const key = `${type} ${$defs === this.#exact.$defs}`;
    let validate = this.#compiled.get(key);
    if (!validate) {
      validate = this.#ajv.compile({ $defs, $ref: `#/$defs/${type}` });
      this.#compiled.set(key, validate);
    }
    return validate;
  }

  /** What is wrong with the answer to a frame of this text; undefined when it is right. */
  complaint(text: string, reply: Json): string | undefined {
    // What is published holds for other servers, too; ours has no field more or less than it says.
    for (const document of [this.#document, this.#exact]) {
      const shape = this.#validator(String(reply.type), document);
      if (!shape(reply)) return `the answer is not as published: ${JSON.stringify(shape.errors?.[0])}`;
    }
    const wanted = this.#codesFor(text);
    const code = reply.type === "error" ? reply.code as string : undefined;
    if (wanted !== undefined && (code === undefined || !wanted.includes(code))) {
      return `expected ${wanted.length > 3 ? "a refusal" : wanted}`;
    }
  }

  /** The codes of which one must come; undefined when the schema has no objection. */
  #codesFor(text: string): readonly string[] | undefined {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return ["INVALID_JSON"];
    }
    if (depthOf(text) > DEPTH_MAX) return ["INVALID_JSON"];
    if (message === null || typeof message !== "object" || Array.isArray(message)) {
      return ["INVALID_FIELD_TYPE"];
    }
    if (!Object.hasOwn(message, "type")) return ["MISSING_REQUIRED_FIELD"];
    const { type } = message as Json;
    if (typeof type !== "string") return ["INVALID_FIELD_TYPE"];
    if (!this.#requests.has(type)) return ["UNKNOWN_MESSAGE_TYPE"];
    return this.#validator(type)(message) ? undefined : REFUSALS;
  }
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === "[" || token === "{") deepest = Math.max(deepest, ++depth);
    else if (token === "]" || token === "}") depth--;
  }
  return deepest;
}

const PUSHES = new Set(["connection_established", ...Object.keys(pushes)]);

function isPush(message: Json): boolean {
  return PUSHES.has(String(message.type));
}

/** Sends the texts over one connection, a number of them at once, and judges what comes back. */
async function bombard(server: TestServer, judge: Judge, next: () => string | undefined): Promise<number> {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
  const sent: string[] = [];
  const over = Promise.withResolvers<void>();
  let answered = 0;
  let ended = false;
  const more = () => {
    while (!ended && sent.length < IN_FLIGHT) {
      const wanted = next();
      if (wanted === undefined) ended = true;
      else {
        const text = answeredInTurn(wanted);
        sent.push(text);
        socket.send(text);
      }
    }
    if (ended && sent.length === 0) over.resolve();
  };
  socket.onopen = more;
  socket.onmessage = ({ data }) => {
    const reply = JSON.parse(data) as Json;
    if (isPush(reply)) return;
    const text = sent.shift();
    answered++;
    const complaint = text === undefined ? "nothing was asked" : judge.complaint(text, reply);
    if (complaint !== undefined) {
      over.reject(
        new Error(`${complaint}\nsent: ${text?.slice(0, 500)}\ngot: ${String(data).slice(0, 1000)}`),
      );
    }
    more();
  };
  socket.onclose = ({ code, reason }) => over.reject(new Error(`closed with ${code} ${reason}`));
  await over.promise;
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
  return answered;
}

/** One round, of so many messages from this seed on. */
async function round(seed: number, count: number, transport: string): Promise<void> {
  await withServer({ config: { ...CONFIG, server: { transport } } }, async (server) => {
    const document = await (await fetch(`${server.url}/schema.json`)).json();
    const judge = new Judge(document);
    const messages = new HostileMessages(
      seed,
      document,
      judge.requests.filter((type) => !LEFT_OUT.includes(type)),
    );
    let left = count;
    const next = () => left-- > 0 ? messages.next() : undefined;
    const answered = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => bombard(server, judge, next)),
    );
    assert.equal(answered.reduce((sum, one) => sum + one, 0), count);
    assert.doesNotMatch(server.stderr, / (ERROR|FATAL) |Uncaught|panicked/);
    const bytes = await residentBytes(server.pid);
    assert.ok(bytes < MEMORY_MAX, `${Math.round(bytes / 1e6)} MB`);
    const socket = await server.connect();
    assert.equal((await socket.request({ type: "ping", timestamp: 1 })).type, "pong");
  });
}

Deno.test(`hostile input: ${MESSAGES} messages made from the schemas, seed ${SEED}`, async () => {
  for (let sent = 0; sent < MESSAGES; sent += ROUND) {
    const transport = TRANSPORTS[sent / ROUND % TRANSPORTS.length]!;
    await round(SEED + sent, Math.min(ROUND, MESSAGES - sent), transport);
    if (MESSAGES > 2 * ROUND) console.log(`${new Date().toISOString()} ${sent + ROUND} messages answered`);
  }
});

Deno.test("hostile input: frames just under and over the limit, fragmented, slow, and larger than any memory", () =>
  withServer(
    { config: { ...CONFIG, limits: { enabled: false, max_message_bytes: 65_536 } } },
    async (server) => {
      const padded = (size: number) => {
        const message = JSON.stringify({ type: "ping", timestamp: 1, padding: "" });
        return message.replace('""', `"${"x".repeat(size - message.length)}"`);
      };
      const under = await RawSocket.upgrade(server.url);
      await under.sendText(padded(65_536));
      await until(async () => (await under.message()).type === "pong");
      await under.sendText(padded(65_537));
      assert.equal(await under.closeCode(), 1009);
      under.close();

      const socket = await server.connect();
      const slow = await RawSocket.upgrade(server.url);
      const bytes = new TextEncoder().encode(padded(100));
      await slow.sendFragment(TEXT, bytes.slice(0, 1), false);
      for (let i = 1; i < bytes.length; i++) {
        // Another client is answered between any two of them.
        if (i % 10 === 0) assert.equal((await socket.request({ type: "ping" })).type, "pong");
        await slow.sendFragment(0, bytes.slice(i, i + 1), i === bytes.length - 1);
      }
      await until(async () => (await slow.message()).type === "pong");
      // The limit is that of the message, whatever the number of its parts.
      const half = new TextEncoder().encode(padded(40_000));
      await slow.sendFragment(TEXT, half, false);
      await slow.sendFragment(0, half, true);
      assert.equal(await slow.closeCode(), 1009);
      slow.close();

      // The head of a frame of a terabyte: nothing is set aside for it.
      const before = await residentBytes(server.pid);
      const boundless = await RawSocket.upgrade(server.url);
      await boundless.sendHead(TEXT, 2 ** 40);
      await boundless.closeCode();
      assert.ok(await residentBytes(server.pid) < before + 50e6);
      boundless.close();

      assert.equal((await socket.request({ type: "ping", timestamp: 1 })).type, "pong");
      assert.doesNotMatch(server.stderr, / (ERROR|FATAL) |Uncaught|panicked/);
    },
  ));
