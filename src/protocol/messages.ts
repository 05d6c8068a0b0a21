/** The table of all messages. Types, validation and documents are derived from it. */
import * as z from "zod";
import { ApiVersion } from "./api_version.ts";
import { acceptMessages } from "./accept_messages.ts";
import { auditMessages } from "./audit_messages.ts";
import { authMessages } from "./auth_messages.ts";
import { basicMessages } from "./basic_messages.ts";
import { changeMessages } from "./change_messages.ts";
import { conversationMessages } from "./conversation_messages.ts";
import { ERROR_CODES, type ErrorCode } from "../domain/errors.ts";
import { alwaysSent, openNames } from "../domain/published.ts";
import { exchange, RequestId } from "./exchange.ts";
import { limitMessages } from "./limit_messages.ts";
import { logMessages } from "./log_messages.ts";
import { monitorMessages } from "./monitor_messages.ts";
import { notificationMessages } from "./notification_messages.ts";
import { projectMessages } from "./project_messages.ts";
import { pullRequestMessages } from "./pull_request_messages.ts";
import { pushes } from "./pushes.ts";
import { reportMessages } from "./report_messages.ts";
import { tenantMessages } from "./tenant_messages.ts";
import { scheduleMessages } from "./schedule_messages.ts";
import { subscriptionMessages } from "./subscription_messages.ts";
import { systemMessages } from "./system_messages.ts";
import { permissionMessages } from "./permission_messages.ts";
import { templateMessages } from "./template_messages.ts";
import { taskMessages } from "./task_messages.ts";
import { usageMessages } from "./usage_messages.ts";

const BATCH_MAX = 50;

export const EXCHANGES = {
  ...basicMessages,
  ...authMessages,
  ...auditMessages,
  ...taskMessages,
  ...permissionMessages,
  ...pullRequestMessages,
  ...acceptMessages,
  ...projectMessages,
  ...notificationMessages,
  ...changeMessages,
  ...conversationMessages,
  ...scheduleMessages,
  ...templateMessages,
  ...reportMessages,
  ...tenantMessages,
  ...logMessages,
  ...monitorMessages,
  ...systemMessages,
  ...limitMessages,
  ...usageMessages,
  ...subscriptionMessages,
  batch: exchange("batch", { requests: z.array(z.unknown()).min(1).max(BATCH_MAX) }, "batch_result", {
    responses: z.array(z.unknown()),
  }),
};

export type RequestType = keyof typeof EXCHANGES;
export const REQUEST_TYPES = Object.keys(EXCHANGES) as RequestType[];

/** A request as its handler receives it, with defaults filled in. */
export type Request<T extends RequestType> = z.output<typeof EXCHANGES[T]["request"]>;
/** A request as a client writes it. */
export type RequestInput<T extends RequestType> = z.input<typeof EXCHANGES[T]["request"]>;
export type Reply<T extends RequestType> = z.output<typeof EXCHANGES[T]["reply"]>;

export const ErrorReply = z.object({
  type: z.literal("error"),
  request_id: RequestId.optional(),
  code: openNames(z.enum(ERROR_CODES as [ErrorCode, ...ErrorCode[]])),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
  timestamp: alwaysSent(z.string()),
});
export type ErrorReply = z.infer<typeof ErrorReply>;

const ConnectionEstablished = z.object({
  type: z.literal("connection_established"),
  server_version: z.string(),
  api_version: alwaysSent(ApiVersion),
  timestamp: z.string(),
});

export const SERVER_MESSAGES = {
  connection_established: ConnectionEstablished,
  error: ErrorReply,
  ...pushes,
};
