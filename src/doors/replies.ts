/** Turns messages of the API into HTTP responses. The only place that sets their status and headers. */
import { errorReply } from "../api/error_reply.ts";
import { type Clock, sleep } from "../clock/clock.ts";
import { ERRORS } from "../domain/errors.ts";
import { ErrorReply } from "../protocol/messages.ts";

/** How long a refusal is delayed during a storm of refusals, to slow down clients that retry in a loop. */
const REFUSAL_DELAY_MS = 250;
const UNAUTHORIZED = 401;
const TOO_MANY_REQUESTS = 429;

export interface RepliesOptions {
  clock: Clock;
  /** Whether so much is refused that refusals are delayed. */
  limits: { readonly isStorm: boolean };
}

export class Replies {
  readonly #options: RepliesOptions;

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  /** A reply with its status; `form` turns an error reply into another protocol's. */
  async of(reply: object, form: (reply: ErrorReply) => object = (same) => same): Promise<Response> {
    if (!isError(reply)) return Response.json(reply);
    const { clock, limits } = this.#options;
    const status = ERRORS[reply.code].status || 500;
    if (limits.isStorm && (status === TOO_MANY_REQUESTS || status === UNAUTHORIZED)) {
      await sleep(clock, REFUSAL_DELAY_MS);
    }
    const wait_seconds = reply.details?.retry_after_seconds;
    const headers = wait_seconds === undefined ? undefined : { "retry-after": String(wait_seconds) };
    return Response.json(form(reply), { status, headers });
  }

  /** `doing` names what failed, for the log. */
  failure(error: unknown, doing: string, form?: (reply: ErrorReply) => object): Promise<Response> {
    return this.of(errorReply(error, this.#options.clock, doing), form);
  }
}

function isError(reply: object): reply is ErrorReply {
  return (reply as { type?: unknown }).type === "error";
}
