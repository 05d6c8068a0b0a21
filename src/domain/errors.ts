/** The closed list of error codes, and the one type every expected failure has. */

/** Code of the document's table → HTTP status of its "HTTP Equivalent" column (0 where it has none), and when it arises. */
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
  INVALID_FIELD_TYPE: { status: 400, when: "The JSON type is another one; `null` is never a value." },
  INVALID_FIELD_FORMAT: {
    status: 400,
    when: "The right type, but malformed: an id, a timestamp, a pattern, a time zone, a cursor.",
  },
  INVALID_TASK_DATA: {
    status: 400,
    when: "A task lacks required fields; `details.fields` names all of them.",
  },
  TASK_NOT_FOUND: { status: 404, when: "There is no task, or no schedule, of this id." },
  PROCESS_NOT_FOUND: { status: 404, when: "No process has this pid." },
  TASK_ALREADY_EXISTS: { status: 409, when: "A task or schedule has this id already." },
  PROCESS_ALREADY_EXISTS: {
    status: 409,
    when: "Another server has this data folder already; `details.pid` names it. The program ends with 1.",
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
    when: "The process was signalled and is still there after 10 s, or the system refused.",
  },
  PROCESS_PERMISSION_DENIED: {
    status: 403,
    when: "The process is neither an agent nor a child of this server.",
  },
  DATABASE_ERROR: {
    status: 500,
    when: "The store refused or failed, or its file is damaged or another program's.",
  },
  DATABASE_CONNECTION_ERROR: {
    status: 503,
    when: "The store did not answer within 10 s; whether the change was made is not known.",
  },
  FILESYSTEM_ERROR: {
    status: 500,
    when:
      "A folder or file could not be used for another reason than those below, such as a worktree where there is no git.",
  },
  FILE_NOT_FOUND: { status: 404, when: "A working folder or backup that does not exist." },
  FILE_PERMISSION_DENIED: { status: 403, when: "A folder or file that the server may not use." },
  LOG_FILE_ERROR: {
    status: 500,
    when: "A part of the stored log cannot be read; `details` say which, and from when to when.",
  },
  CONFIGURATION_ERROR: {
    status: 500,
    when: "The configuration, or a combination of its values, is not possible. The program ends with 2.",
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    when:
      "What is needed is missing: the permission to run programs, an agent's program; or the server is shutting down.",
  },
  PERMISSION_DENIED: {
    status: 403,
    when: "The key may not do this; or a page of another origin, or a name that is not this server's.",
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
  CONNECTION_LIMIT_EXCEEDED: { status: 429, when: "The server has as many connections as it may have." },
  SERVER_OVERLOAD: {
    status: 503,
    when: "The system has no room for another process or file, or too much waits for the store.",
  },
  MEMORY_LIMIT_EXCEEDED: {
    status: 507,
    when:
      "The server uses more memory than `limits.max_memory_bytes`; new tasks are refused until it does not.",
  },
  DISK_SPACE_EXCEEDED: { status: 507, when: "The disk that holds the store is full. Reading goes on." },
  CONNECTION_LOST: { status: 0, when: "Raised by the client: the connection ended before the reply came." },
  HEARTBEAT_TIMEOUT: {
    status: 0,
    when: "Raised by the client when the server is silent; a health issue when an agent is.",
  },
  SUBSCRIPTION_ERROR: {
    status: 400,
    when: "An unknown channel, filter or subscription; too many of them; or no socket to push to.",
  },
  FILTER_VALIDATION_ERROR: { status: 400, when: "Anything wrong inside `filter`." },
  METRICS_UNAVAILABLE: { status: 503, when: "`monitor.metrics` is switched off." },
  HEALTH_CHECK_FAILED: {
    status: 503,
    when: "A component's check failed or gave no answer in time: the code of the health issue that says so.",
  },
} as const satisfies Record<string, { status: number; when: string }>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];

/** What the user can act on: the field, what was given, what is allowed, when to come back. */
export type ErrorDetails = Record<string, unknown>;

/**
 * An expected failure, made where its cause is known. Anything else that is thrown is a bug: it is logged
 * with its stack and answered without it.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  // Written out: Node strips types from sources, and a parameter property is more than a type.
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
