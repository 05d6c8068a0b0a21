/**
 * The permission requests of one run. Each is answered exactly once: by the policy, by a client, by its timeout, or by
 * the end of the run.
 */
import { type Clock, isoTime } from "../../clock/clock.ts";
import { type Actor, actorName } from "../../domain/actor.ts";
import type { PermissionOption, PermissionRequest } from "../../domain/permission_request.ts";
import { decisionFor } from "../../domain/permission_decision.ts";
import { narrowestOption } from "../../domain/permission_answer.ts";
import type { PermissionPolicy } from "../../domain/task.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import type { DiffReader } from "./diffs.ts";
import type { Denial } from "./outcome.ts";
import { askedCall, readRequest } from "./permission_request.ts";

/** The protocol's answer to `session/request_permission`. */
export interface PermissionAnswer {
  outcome: { outcome: "selected"; optionId: string } | { outcome: "cancelled" };
}

const CANCELLED: PermissionAnswer = { outcome: { outcome: "cancelled" } };

/** The most open requests. An agent with more does not wait for answers. */
const MOST_OPEN = 50;

type Settler = "client" | "policy" | "timeout" | "end";

interface OpenRequest {
  request: PermissionRequest;
  settle(option: PermissionOption | undefined, by: Settler, actor?: Actor): void;
}

/** How a request ended. */
interface Settlement {
  option: PermissionOption | undefined;
  by: Settler;
  /** The client that answered. */
  actor?: Actor;
}

export interface PermissionsOptions {
  clock: Clock;
  policy: PermissionPolicy;
  timeout_ms: number;
  attempt: number;
  readDiffs: DiffReader;
  events: EventQueue;
  /** A tool call as the agent has told it so far. */
  callOf: (tool_call_id: string) => Record<string, unknown> | undefined;
  /** The places of a tool call that are outside the task's folders. */
  placesOutside: (call: Record<string, unknown>) => Promise<string[]>;
  /** Whether a call is of a tool of the server that lets the agent delegate. */
  isOwnTool: (call: Record<string, unknown>) => boolean;
  denied: (denial: Denial) => void;
}

export class Permissions {
  readonly #options: PermissionsOptions;
  #open = new Map<string, OpenRequest>();
  #asked = 0;
  #closed = false;

  constructor(options: PermissionsOptions) {
    this.#options = options;
  }

  /** Whether the agent waits for a person. */
  get waiting(): boolean {
    return this.#open.size > 0;
  }

  /** Answers the agent's request. `signal` aborts when the agent withdraws it. */
  async ask(params: Record<string, unknown>, signal: AbortSignal): Promise<PermissionAnswer> {
    const { policy, clock, timeout_ms, readDiffs, callOf, placesOutside, isOwnTool, events } = this.#options;
    const permission_id = this.#newId();
    const call = askedCall(params, callOf);
    const outside = policy === "allow" ? await placesOutside(call) : [];
    const request = readRequest(params, call, {
      permission_id,
      expires_at: isoTime(clock.now() + timeout_ms),
      readDiffs,
    });
    if (this.#closed) return CANCELLED;
    const decision = decisionFor(policy, { outside, isOwnTool: isOwnTool(call) });
    if (decision !== "ask") {
      const option = narrowestOption(request.options, decision);
      return await this.#settled(request, { option, by: "policy" }, decision === "deny");
    }
    if (outside.length > 0) request.tool_call.outside = outside;
    if (this.#open.size >= MOST_OPEN) {
      await events.note(
        "warn",
        `Denied, since ${MOST_OPEN} permission requests wait already: ${request.title}`,
        "permission",
      );
      const option = narrowestOption(request.options, "deny");
      return await this.#settled(request, { option, by: "policy" }, true);
    }
    return await this.#askClient(request, signal);
  }

  /** Returns false if no such request is open or it has no such option. */
  answer(permission_id: string, option_id: string, actor: Actor): boolean {
    const open = this.#open.get(permission_id);
    const option = open?.request.options.find((candidate) => candidate.option_id === option_id);
    if (open === undefined || option === undefined) return false;
    open.settle(option, "client", actor);
    return true;
  }

  /** Answers every open and every later request with `cancelled`, because the run ends. */
  close(): void {
    this.#closed = true;
    for (const open of [...this.#open.values()]) open.settle(undefined, "end");
  }

  async #askClient(request: PermissionRequest, signal: AbortSignal): Promise<PermissionAnswer> {
    const { clock, timeout_ms, events } = this.#options;
    const answered = new Promise<Settlement>((resolve) => {
      const settle = (option: PermissionOption | undefined, by: Settler, actor?: Actor) => {
        if (!this.#open.delete(request.permission_id)) return;
        timer.cancel();
        signal.removeEventListener("abort", withdraw);
        resolve({ option, by, actor });
      };
      const withdraw = () => settle(undefined, "end");
      const timer = clock.after(
        timeout_ms,
        () => settle(narrowestOption(request.options, "deny"), "timeout"),
      );
      signal.addEventListener("abort", withdraw, { once: true });
      this.#open.set(request.permission_id, { request, settle });
      if (signal.aborted) withdraw();
    });
    await events.emit({ kind: "permission_requested", request });
    const settlement = await answered;
    const { option, by } = settlement;
    const denied = by === "timeout" || (by === "client" && option?.kind.startsWith("reject") === true);
    return await this.#settled(request, settlement, denied);
  }

  async #settled(
    request: PermissionRequest,
    { option, by, actor }: Settlement,
    denied: boolean,
  ): Promise<PermissionAnswer> {
    if (denied && by !== "end") this.#options.denied({ title: request.title, by });
    const outcome = option?.kind ?? "cancelled";
    const { permission_id, title, tool_call } = request;
    const given = outcome.startsWith("allow") ? "given" : "not given";
    await this.#options.events.emit({
      kind: "log",
      level: denied ? "warn" : "info",
      message: `Permission ${given} (${outcome}, by ${nameOf(by, actor)}): ${title}`,
      source: "permission",
      details: { ...tool_call, permission_id, by: actor },
    });
    await this.#options.events.emit({ kind: "permission_settled", permission_id, outcome, by });
    return option === undefined
      ? CANCELLED
      : { outcome: { outcome: "selected", optionId: option.option_id } };
  }

  /** The random part is needed because a recovered task may run the same attempt again. */
  #newId(): string {
    const chance = Math.floor(this.#options.clock.random() * 36 ** 6).toString(36).padStart(6, "0");
    return `perm_${this.#options.attempt}_${++this.#asked}_${chance}`;
  }
}

/** Who settled the request. An anonymous client has no name. */
function nameOf(by: Settler, actor: Actor | undefined): string {
  return actor === undefined || actor.kind === "anonymous" ? by : actorName(actor);
}
