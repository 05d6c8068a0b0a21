/** The closed list of error codes, and the one type of all expected failures. */

/** Code of the API document's table → HTTP status ("HTTP Equivalent"; 0 if it has none), and when the error arises. */
export const ERRORS = {
  INVALID_JSON: {
    status: 400,
    when: "The frame or body is not JSON, not UTF-8, binary, or nested deeper than 100 levels.",
  },
  UNKNOWN_MESSAGE_TYPE: {
    status: 400,
    when: "No message has this `type`; `details.suggestion` is the nearest that exists.",
  },
  MISSING_REQUIRED_FIELD: { status: 400, when: "A field that the message needs is absent." },
  INVALID_FIELD_VALUE: {
    status: 400,
    when:
      "Well-formed, but not allowed: out of range, not among the values, or not in the task's present state.",
  },
  INVALID_FIELD_TYPE: { status: 400, when: "The JSON type is wrong; `null` is never a value." },
  INVALID_FIELD_FORMAT: {
    status: 400,
    when: "The right type, but malformed: an id, a timestamp, a pattern, a time zone, a cursor.",
  },
  INVALID_TASK_DATA: {
    status: 400,
    when: "A task lacks required fields; `details.fields` names all of them.",
  },
  TASK_NOT_FOUND: { status: 404, when: "No task or schedule has this id." },
  PROCESS_NOT_FOUND: { status: 404, when: "No process has this pid." },
  TASK_ALREADY_EXISTS: { status: 409, when: "A task or schedule has this id already." },
  PROCESS_ALREADY_EXISTS: {
    status: 409,
    when:
      "Another server has this data folder already, which `details.pid` names, or the name of this node. The program ends with 1.",
  },
  CHANGES_CONFLICT: {
    status: 409,
    when:
      "The state of a repository does not allow the operation, and nothing was changed. `details.files` names the " +
      "files, and `details.reason` says what it is: conflict, uncommitted, dependencies, checks or push_refused.",
  },
  TASK_DEPENDENCY_ERROR: {
    status: 400,
    when: "A dependency does not exist, or is the task itself; `details.available_tasks` names some that do.",
  },
  TASK_TIMEOUT_EXCEEDED: {
    status: 408,
    when: "Begins the `error` of a task that ran longer than its timeout.",
  },
  INVALID_SCHEDULE_TIME: { status: 400, when: "A scheduled time less than 60 s or more than a year ahead." },
  INVALID_RECURRING_CONFIG: { status: 400, when: "Anything wrong inside `recurring`." },
  PROCESS_KILL_FAILED: {
    status: 500,
    when: "The process still runs 10 s after the signal, or the system refused the signal.",
  },
  PROCESS_PERMISSION_DENIED: {
    status: 403,
    when: "The process is neither an agent nor a child of this server.",
  },
  DATABASE_ERROR: {
    status: 500,
    when: "The store refused or failed, or its file is damaged or belongs to another program.",
  },
  DATABASE_CONNECTION_ERROR: {
    status: 503,
    when: "The store did not answer within 10 s. The change may or may not have been made.",
  },
  FILESYSTEM_ERROR: {
    status: 500,
    when:
      "A folder or file could not be used, for a reason other than the two below, such as a worktree without git.",
  },
  FILE_NOT_FOUND: { status: 404, when: "A working folder or backup that does not exist." },
  FILE_PERMISSION_DENIED: { status: 403, when: "A folder or file that the server may not use." },
  LOG_FILE_ERROR: {
    status: 500,
    when: "A part of the stored log cannot be read; `details` names the part and its period.",
  },
  CONFIGURATION_ERROR: {
    status: 500,
    when: "The configuration, or a combination of its values, is invalid. The program ends with 2.",
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    when:
      "A permission or a program that this needs is missing or does not work, as `details.missing` says, a folder does not answer, or the server is shutting down.",
  },
  PERMISSION_DENIED: {
    status: 403,
    when:
      "The key may not do this, or the request has a foreign `Origin` or a `Host` that is not this server's.",
  },
  AUTHENTICATION_REQUIRED: {
    status: 401,
    when: "`security.auth` is required, and no API key was shown, or the session is over.",
  },
  INVALID_AUTH_TOKEN: {
    status: 401,
    when: "The API key or session token that was shown is unknown, expired or revoked.",
  },
  RATE_LIMIT_EXCEEDED: {
    status: 429,
    when: "A limit is used up; `details.retry_after_seconds` says when there is room again.",
  },
  CONNECTION_LIMIT_EXCEEDED: { status: 429, when: "The server has reached its limit of connections." },
  SERVER_OVERLOAD: {
    status: 503,
    when: "The system has no room for another process or file, or too many changes wait for the store.",
  },
  MEMORY_LIMIT_EXCEEDED: {
    status: 507,
    when:
      "The server uses more memory than `limits.max_memory_bytes`. New tasks are refused until it uses less.",
  },
  DISK_SPACE_EXCEEDED: { status: 507, when: "The disk that holds the store is full. Reading still works." },
  CONNECTION_LOST: { status: 0, when: "Raised by the client: the connection ended before the reply came." },
  HEARTBEAT_TIMEOUT: {
    status: 0,
    when: "Raised by the client when the server is silent. As a health issue: an agent is silent.",
  },
  SUBSCRIPTION_ERROR: {
    status: 400,
    when: "An unknown channel, filter or subscription; too many of them; or no socket to push to.",
  },
  FILTER_VALIDATION_ERROR: { status: 400, when: "Anything wrong inside `filter`." },
  METRICS_UNAVAILABLE: { status: 503, when: "`monitor.metrics` is switched off." },
  HEALTH_CHECK_FAILED: {
    status: 503,
    when: "The code of a health issue: a component's check failed or did not answer in time.",
  },
} as const satisfies Record<string, { status: number; when: string }>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];

/** What the user can act on: the field, the given value, the allowed values, when to retry. */
export type ErrorDetails = Record<string, unknown>;

/**
 * An expected failure, created where its cause is known. Anything else that is thrown is a bug: it is logged with its
 * stack, and the reply omits the stack.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  // No parameter properties: Node only strips types, and those are more than types.
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
