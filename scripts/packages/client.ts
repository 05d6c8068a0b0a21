/**
 * The client as an npm package, `opencode-agents-client`. It is ESM and has no dependencies: the types of the messages
 * are written out from the schemas, so its users do not need zod.
 */
import { dirname, join } from "node:path";
import ts from "typescript";
import type { z } from "zod";
import manifest from "../../deno.json" with { type: "json" };
import { Attachment } from "../../src/domain/attachment.ts";
import { LogEntry, LogLevel } from "../../src/domain/log_entry.ts";
import { ConversationMessage } from "../../src/protocol/conversation_messages.ts";
import { LogFilter } from "../../src/protocol/log_messages.ts";
import { EXCHANGES } from "../../src/protocol/messages.ts";
import { pushes } from "../../src/protocol/pushes.ts";
import { Channel, SubscriptionFilters } from "../../src/protocol/subscription_messages.ts";
import { NewTask, Priority, Task, TaskStatus, TaskType } from "../../src/domain/task.ts";
import { ROOT } from "../root.ts";
import { typeOf } from "../schema_types.ts";
import { packed, write } from "./tarball.ts";

const NAME = "opencode-agents-client";

/** The modules that the client needs at run time. The rest of the protocol is types. */
const RUNTIME = [
  "clock/clock.ts",
  "domain/errors.ts",
  "domain/task_values.ts",
  "protocol/channel_filter.ts",
  "protocol/pushed.ts",
];

const INDEX = `export { Client, connect } from "./client/client.js";
export { HttpClient } from "./client/http.js";
export { isFinished } from "./domain/task_values.js";
export { ApiError, ERROR_CODES } from "./domain/errors.js";
`;
const INDEX_TYPES = `${INDEX}export type { ClientOptions, ConnectionChange } from "./client/client.js";
export type { HttpOptions } from "./client/http.js";
export type { FollowFilter, FollowOptions } from "./client/log_follow.js";
export type { AttachOptions } from "./client/attach.js";
export type { BackoffOptions } from "./client/reconnect.js";
export type { Fields, Requester, RequestOptions } from "./client/replies.js";
export type { PushStream, Resubscribed, Subscribed } from "./client/subscriptions.js";
export type { ErrorCode, ErrorDetails } from "./domain/errors.js";
export type { Attachment } from "./domain/attachment.js";
export type { LogEntry, LogLevel } from "./domain/log_entry.js";
export type { ConversationMessage } from "./protocol/conversation_messages.js";
export type { Reply, RequestInput, RequestType } from "./protocol/messages.js";
export type { Push } from "./protocol/pushes.js";
export type { Channel, SubscriptionFilters } from "./protocol/subscription_messages.js";
export type { NewTask, Priority, Task, TaskStatus, TaskType } from "./domain/task.js";
`;

/** The declarations of modules of `domain` and `protocol`, written out from the schemas. */
function protocolTypes(): Record<string, string> {
  const alias = (name: string, schema: z.ZodType, side: "input" | "output" = "output") =>
    `export type ${name} = ${typeOf(schema, side)};\n`;
  const table = (name: string, side: "request" | "reply") => {
    const io = side === "request" ? "input" : "output";
    const rows = Object.entries(EXCHANGES).map(([type, each]) => `  ${type}: ${typeOf(each[side], io)};\n`);
    return `export interface ${name} {\n${rows.join("")}}\n`;
  };
  return {
    "protocol/conversation_messages": alias("ConversationMessage", ConversationMessage),
    "protocol/log_messages": alias("LogFilter", LogFilter, "input"),
    "domain/attachment": alias("Attachment", Attachment),
    "domain/log_entry": alias("LogLevel", LogLevel) + alias("LogEntry", LogEntry),
    "domain/task": alias("TaskType", TaskType) + alias("Priority", Priority) +
      alias("TaskStatus", TaskStatus) +
      alias("NewTask", NewTask, "input") + alias("Task", Task),
    "protocol/subscription_messages": alias("Channel", Channel) +
      alias("SubscriptionFilters", SubscriptionFilters, "input"),
    "protocol/pushes": `export type Push =\n${
      Object.values(pushes).map((schema) => `  | ${typeOf(schema, "output")}`).join("\n")
    };\n`,
    "protocol/messages": table("Requests", "request") + table("Replies", "reply") +
      "export type RequestType = keyof Requests;\n" +
      "export type RequestInput<T extends RequestType> = Requests[T];\n" +
      "export type Reply<T extends RequestType> = Replies[T];\n",
  };
}

const COMPILER: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.esnext.d.ts", "lib.dom.d.ts"],
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  declaration: true,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** Compiles the modules in `sources` into `output`, which also checks the client against the written-out types. */
function compile(sources: string, files: string[], output: string): void {
  const program = ts.createProgram(files.map((file) => join(sources, file)), {
    ...COMPILER,
    rootDir: sources,
    outDir: output,
  });
  const { diagnostics } = program.emit(undefined, (path, text) => {
    Deno.mkdirSync(dirname(path), { recursive: true });
    // The compiler does not rewrite the extensions of imports in declarations.
    Deno.writeTextFileSync(path, text.replace(/((?:from|import)\s*"\.[^"]*)\.ts"/g, '$1.js"'));
  });
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length === 0) return;
  throw new Error(ts.formatDiagnostics(problems, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => sources,
    getNewLine: () => "\n",
  }));
}

/** Packs the client. Returns the path of the package. */
export async function packClient(output: string): Promise<string> {
  return await packed({ name: NAME, version: manifest.version, output }, async (folder) => {
    const sources = await Deno.makeTempDir({ prefix: "opencode-agents-client-" });
    try {
      await assemble(sources, folder);
    } finally {
      await Deno.remove(sources, { recursive: true });
    }
  });
}

/** Makes the package in `folder`; `sources` is a scratch folder. */
async function assemble(sources: string, folder: string): Promise<void> {
  const files = [...RUNTIME];
  for await (const { name } of Deno.readDir(join(ROOT, "src/client"))) files.push(`client/${name}`);
  for (const file of files) {
    await write(sources, file, await Deno.readTextFile(join(ROOT, "src", file)));
  }
  for (const [module, types] of Object.entries(protocolTypes())) {
    await write(sources, `${module}.ts`, types);
  }
  compile(sources, files, folder);
  await write(folder, "index.js", INDEX);
  await write(folder, "index.d.ts", INDEX_TYPES);
  await write(folder, "README.md", await Deno.readTextFile(join(ROOT, "docs/client.md")));
  const description = {
    name: NAME,
    version: manifest.version,
    description: "Typed client for opencode-agents, for browsers, Deno and Node",
    type: "module",
    sideEffects: false,
    engines: { node: ">=22" },
    exports: { ".": { types: "./index.d.ts", default: "./index.js" } },
  };
  await write(folder, "package.json", JSON.stringify(description, null, 2) + "\n");
}
