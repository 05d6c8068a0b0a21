/** Routes a message: JSON → envelope → schema → handler → reply. Every failure becomes an error reply. */
import type { Identity } from "../access/identity.ts";
import { ALL_TENANTS } from "../domain/tenant_id.ts";
import { ApiError, type ErrorCode } from "../domain/errors.ts";
import { RequestId } from "../protocol/exchange.ts";
import { schemaError } from "../protocol/schema_errors.ts";
import { fieldProblem, nearest, shown } from "../domain/field_problem.ts";
import { EXCHANGES, REQUEST_TYPES } from "../protocol/messages.ts";
import { inTodaysForm } from "../protocol/older_clients.ts";
import { audited, auditFailure } from "./auditing.ts";
import { authenticate } from "./authenticate.ts";
import { refuseAgent } from "./agent_rights.ts";
import type { ApiContext, BatchMember, PreparedMessage, Session } from "./capability.ts";
import { errorReply } from "./error_reply.ts";
import { requireOneTenant, type Scope, scopeOf } from "./scope.ts";
import type { Tenancy } from "./tenancy.ts";
import { asOf } from "./tenant_session.ts";
import { type AnyCapability, capabilitiesByType } from "./table.ts";
import { NOTHING } from "./touches.ts";

/** Deeper JSON is refused before anything walks it. No message of the API is nearly as deep. */
const MAX_DEPTH = 100;

export type Outgoing = object;

export class Router {
  readonly #table = capabilitiesByType();
  readonly #context: ApiContext;
  readonly #tenancy: Tenancy;

  constructor(context: Omit<ApiContext, "prepare" | "scopeOf">) {
    this.#tenancy = context.tenancy;
    this.#context = {
      ...context,
      scopeOf: (identity) => scopeOf(identity, context),
      prepare: (message, session, member) => this.#prepare(message, session, member),
    };
  }

  /**
   * The reply to one frame of text. Never throws or rejects. A reply that may take long goes to `later`, if that is given
   * and the request has an id to match it by; then nothing is returned.
   */
  receive(
    text: string,
    session: Session,
    later?: (reply: Promise<Outgoing>) => void,
  ): Outgoing | Promise<Outgoing> | undefined {
    let message: unknown;
    try {
      message = parse(text);
    } catch (error) {
      this.#context.metrics.note("unknown", 0, true);
      const failure = counted(error, session);
      const { audit, clock } = this.#context;
      if (audit) void auditFailure(audit, { type: undefined, message, session }, failure);
      return errorReply(failure, clock, "parse");
    }
    const prepared = this.#prepare(message, session);
    const reply = prepared.carryOut();
    if (!prepared.isSlow || later === undefined || !(reply instanceof Promise)) return reply;
    later(reply);
    return undefined;
  }

  get tenancy(): Tenancy {
    return this.#tenancy;
  }

  /** What a key that is limited to projects or to a tenant hears; undefined for all others. */
  scopeOf(identity: Identity): Scope | undefined {
    return this.#context.scopeOf(identity);
  }

  /** The reply to one parsed message. Never throws or rejects. */
  dispatch(message: unknown, session: Session): Outgoing | Promise<Outgoing> {
    return this.#prepare(message, session).carryOut();
  }

  #prepare(message: unknown, given: Session, member?: BatchMember): PreparedMessage {
    // A message in a batch is about the batch's tenant, unless it names another.
    const asking = given.original ?? given;
    let tenant = given.original ? given.actor.tenant : this.#tenancy.ownOf(asking.identity);
    let session = asking;
    let request_id: RequestId | undefined;
    let type = "unknown";
    const { clock, metrics, audit } = this.#context;
    const started = clock.monotonic();
    const fail = (error: unknown) => {
      metrics.note(type, clock.monotonic() - started, true);
      return this.#tenancy.outside(errorReply(error, clock, type, request_id), tenant);
    };
    try {
      request_id = requestIdOf(message);
      if (!member?.isCounted && !isSignIn(message)) session.limits.message();
      const { message: envelope, deprecated } = inTodaysForm(openEnvelope(message));
      const capability = this.#capabilityOf(envelope, member);
      type = capability.type;
      this.#authorise(capability, session);
      tenant = this.#tenancy.of(envelope, asking.identity, tenant);
      requireOneTenant(capability.type, tenant);
      session = asOf(asking, tenant);
      const { request: schema, reply } = EXCHANGES[capability.type];
      const parsed = schema.safeParse(envelope, { reportInput: false });
      if (!parsed.success) {
        if (capability.countsItself) session.limits.message();
        throw schemaError(schema, parsed.error.issues, envelope);
      }
      // It is known already, and no part of what is asked for.
      if (parsed.data.tenant !== undefined) delete parsed.data.tenant;
      const request = this.#tenancy.inside(capability.type, parsed.data, tenant);
      refuseAgent(session.actor, capability, request, this.#context);
      this.#context.scopeOf(session.identity)?.require(capability.type, request);
      if (capability.limit) session.limits.operation(capability.limit);
      const finish = (answer: object): Outgoing => {
        metrics.note(type, clock.monotonic() - started, false);
        const deprecations = session.untold(deprecated);
        return {
          type: reply.shape.type.value,
          request_id,
          ...capability.showsInnerIds && tenant === ALL_TENANTS
            ? answer
            : this.#tenancy.outside(answer, tenant),
          ...deprecations.length > 0 && { deprecations },
        };
      };
      return {
        isSlow: capability.isSlow === true && request_id !== undefined,
        touches: () => capability.touches?.(request, this.#context),
        carryOut: () => {
          try {
            const handle = () =>
              informed(() => capability.handle(request, this.#context, session), this.#context);
            const answer = audit
              ? audited(audit, { type: capability.type, request: request, session }, handle)
              : handle();
            return answer instanceof Promise ? answer.then(finish, fail) : finish(answer);
          } catch (error) {
            return fail(error);
          }
        },
      };
    } catch (error) {
      const refusal = fail(error);
      const entry = audit && auditFailure(audit, { type: this.#knownType(message), message, session }, error);
      return {
        isSlow: false,
        touches: () => NOTHING,
        carryOut: () => entry ? entry.then(() => refusal) : refusal,
      };
    }
  }

  /** The message may not have been looked at yet. */
  #knownType(message: unknown): string | undefined {
    const { type } = message as { type?: unknown } | null ?? {};
    return typeof type === "string" && this.#table.has(type) ? type : undefined;
  }

  #authorise({ type, permission }: AnyCapability, { identity, limits }: Session): void {
    if (permission !== "none") this.#context.auth.authorise(permission, type, identity, limits.client);
  }

  #capabilityOf(envelope: Record<string, unknown>, member: BatchMember | undefined): AnyCapability {
    const type = envelope.type;
    if (!Object.hasOwn(envelope, "type")) {
      throw fieldProblem(
        "MISSING_REQUIRED_FIELD",
        "type",
        undefined,
        "string",
        "Required field 'type' is missing",
      );
    }
    if (typeof type !== "string") {
      throw fieldProblem("INVALID_FIELD_TYPE", "type", type, "string", "Field 'type' must be of type string");
    }
    const capability = this.#table.get(type);
    if (!capability) {
      const suggestion = nearest(type, REQUEST_TYPES);
      throw new ApiError(
        "UNKNOWN_MESSAGE_TYPE",
        `Unknown message type: '${shown(type)}'${suggestion ? `. Did you mean '${suggestion}'?` : ""}`,
        {
          field: "type",
          value: shown(type),
          expected: REQUEST_TYPES,
          suggestion,
        },
      );
    }
    if (member && capability.type === "batch") {
      throw fieldProblem(
        "INVALID_FIELD_VALUE",
        "type",
        type,
        "any other message",
        "A batch cannot hold a batch",
      );
    }
    return capability;
  }
}

/** The errors whose cause may be that another server has made what this one has not heard of yet. */
const UNHEARD: readonly ErrorCode[] = ["TASK_NOT_FOUND", "TASK_DEPENDENCY_ERROR"];

/** Handles a message again with the news of other servers if it did not find what it is about. */
function informed(
  handle: () => object | Promise<object>,
  { catchUp }: Pick<ApiContext, "catchUp">,
): object | Promise<object> {
  if (!catchUp) return handle();
  const isUnheard = (error: unknown) => error instanceof ApiError && UNHEARD.includes(error.code);
  const again = async (error: unknown) => {
    if (!isUnheard(error)) throw error;
    await catchUp();
    return await handle();
  };
  try {
    const answer = handle();
    return answer instanceof Promise ? answer.catch(again) : answer;
  } catch (error) {
    return again(error);
  }
}

function parse(text: string): unknown {
  if (text.length > 2 * MAX_DEPTH && isDeep(text)) {
    throw new ApiError("INVALID_JSON", `JSON is nested deeper than ${MAX_DEPTH} levels`, {
      maximum_depth: MAX_DEPTH,
    });
  }
  try {
    const value = JSON.parse(text);
    // Half a surrogate pair cannot be encoded in UTF-8, so it is replaced before it is stored or compared.
    return text.includes("\\") && /\\ud[89a-f]/i.test(text) ? wellFormed(value) : value;
  } catch (error) {
    throw new ApiError("INVALID_JSON", "Message is not valid JSON", {
      reason: (error as Error).message.slice(0, 200),
    });
  }
}

function isDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inString) {
      if (unit === 0x5c) i++; // a backslash hides the next character
      else if (unit === 0x22) inString = false;
    } else if (unit === 0x22) inString = true;
    else if (unit === 0x5b || unit === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (unit === 0x5d || unit === 0x7d) depth--;
  }
  return false;
}

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]),
  );
}

/** Counts text that is not a message as one, so that garbage is limited too. */
function counted(error: unknown, session: Session): unknown {
  try {
    session.limits.message();
    return error;
  } catch (limited) {
    return limited;
  }
}

function openEnvelope(message: unknown): Record<string, unknown> {
  if (message === null || typeof message !== "object" || Array.isArray(message)) {
    throw fieldProblem(
      "INVALID_FIELD_TYPE",
      "(root)",
      message,
      "object",
      "A message must be a JSON object",
    );
  }
  return message as Record<string, unknown>;
}

/** Such a message is counted once it is known who has signed in. */
function isSignIn(message: unknown): boolean {
  return (message as { type?: unknown } | null)?.type === authenticate.type;
}

/** The id to echo. The schema refuses a malformed one. */
function requestIdOf(message: unknown): RequestId | undefined {
  const id = (message as { request_id?: unknown } | null)?.request_id;
  return id === undefined ? undefined : RequestId.safeParse(id).data;
}
