/** The closed list of error codes, and the one type every expected failure has. */

/** Code of the document's table → HTTP status of its "HTTP Equivalent" column (0 where it has none). */
export const ERROR_STATUS = {
  INVALID_JSON: 400,
  UNKNOWN_MESSAGE_TYPE: 400,
  MISSING_REQUIRED_FIELD: 400,
  INVALID_FIELD_VALUE: 400,
  INVALID_FIELD_TYPE: 400,
  INVALID_FIELD_FORMAT: 400,
  INVALID_TASK_DATA: 400,
  TASK_NOT_FOUND: 404,
  PROCESS_NOT_FOUND: 404,
  TASK_ALREADY_EXISTS: 409,
  PROCESS_ALREADY_EXISTS: 409,
  TASK_DEPENDENCY_ERROR: 400,
  TASK_TIMEOUT_EXCEEDED: 408,
  INVALID_SCHEDULE_TIME: 400,
  INVALID_RECURRING_CONFIG: 400,
  PROCESS_KILL_FAILED: 500,
  PROCESS_PERMISSION_DENIED: 403,
  DATABASE_ERROR: 500,
  DATABASE_CONNECTION_ERROR: 503,
  FILESYSTEM_ERROR: 500,
  FILE_NOT_FOUND: 404,
  FILE_PERMISSION_DENIED: 403,
  LOG_FILE_ERROR: 500,
  CONFIGURATION_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
  PERMISSION_DENIED: 403,
  AUTHENTICATION_REQUIRED: 401,
  INVALID_AUTH_TOKEN: 401,
  RATE_LIMIT_EXCEEDED: 429,
  CONNECTION_LIMIT_EXCEEDED: 429,
  SERVER_OVERLOAD: 503,
  MEMORY_LIMIT_EXCEEDED: 507,
  DISK_SPACE_EXCEEDED: 507,
  CONNECTION_LOST: 0,
  HEARTBEAT_TIMEOUT: 0,
  SUBSCRIPTION_ERROR: 400,
  FILTER_VALIDATION_ERROR: 400,
  METRICS_UNAVAILABLE: 503,
  HEALTH_CHECK_FAILED: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

export const ERROR_CODES = Object.keys(ERROR_STATUS) as ErrorCode[];

/** What the user can act on: the field, what was given, what is allowed, when to come back. */
export type ErrorDetails = Record<string, unknown>;

/**
 * An expected failure, made where its cause is known. Anything else that is thrown is a bug: it is logged
 * with its stack and answered without it.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(readonly code: ErrorCode, message: string, readonly details: ErrorDetails = {}) {
    super(message);
  }
}
