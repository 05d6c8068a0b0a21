/**
 * The permission requests of one run. Each is answered exactly once: by the policy, by a client, by its timeout, or by
 * the end of the run.
 */
import type { Actor } from "../../domain/actor.ts";
import type { Failure } from "../../domain/failure.ts";
import type { AskedCall } from "../../domain/remembered.ts";
import type {
  PermissionDecision,
  PermissionOption,
  PermissionRequest,
  RememberedCall,
} from "../../domain/permission_request.ts";
import { decisionFor } from "../../domain/permission_decision.ts";
import { narrowestOption } from "../../domain/permission_answer.ts";
import { type RuleVerdict, ruleWords } from "../../domain/rule_decision.ts";
import type { PermissionPolicy, TimeoutAction } from "../../domain/task.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import type { DiffReader } from "./diffs.ts";
import {
  MOST_OPEN,
  nameOf,
  OpenRequests,
  type OpenRequestsOptions,
  type Settlement as PersonsSettlement,
} from "./open_requests.ts";
import { callKey } from "../../domain/parked.ts";
import type { LateAnswers } from "./late_answers.ts";
import type { Denial } from "./outcome.ts";
import { askedCall, hashed, readRequest } from "./permission_request.ts";

/** The protocol's answer to `session/request_permission`. */
export interface PermissionAnswer {
  outcome: { outcome: "selected"; optionId: string } | { outcome: "cancelled" };
}

const CANCELLED: PermissionAnswer = { outcome: { outcome: "cancelled" } };

/** The option that is chosen; undefined for none. */
type Chosen = PermissionOption | undefined;

/** How a request ended. `policy`, `rule`, `memory`: nobody was asked. `late`: it was answered when it was asked before. */
type Settlement = PersonsSettlement<Chosen> & { late?: string } | {
  answer: Chosen;
  by: "policy" | "rule" | "memory";
  actor?: undefined;
  late?: undefined;
};

/** What is known of a call before anybody is asked. */
export interface KnownCall {
  /** What the rules say of it; undefined for nothing. */
  verdict?: RuleVerdict;
  /** What an answer to it would be remembered for; undefined if it cannot be. */
  remembers?: RememberedCall;
}

export interface PermissionsOptions extends OpenRequestsOptions {
  policy: PermissionPolicy;
  /** What becomes of a request that nobody answers in time. */
  timeout_action: TimeoutAction;
  known: (call: Record<string, unknown>) => Promise<KnownCall>;
  /** Answers to what was asked before the agent was ended. */
  late: LateAnswers;
  /** What a person has answered to the same call before, if that is remembered. */
  recall: (asked: AskedCall) => PermissionDecision | undefined;
  /** The task is to fail at once. */
  failed: (failure: Failure) => void;
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

/** The option that was chosen before. What counted for always has been taken for once by the agent that is gone. */
function optionFor(options: readonly PermissionOption[], chosen: PermissionOption["kind"]): Chosen {
  const decision = chosen.startsWith("allow") ? "allow" : "deny";
  return options.find(({ kind }) => kind === chosen) ?? narrowestOption(options, decision);
}

export class Permissions {
  readonly #options: PermissionsOptions;
  readonly #open: OpenRequests<PermissionRequest, Chosen>;

  constructor(options: PermissionsOptions) {
    this.#options = options;
    this.#open = new OpenRequests(options, "perm", undefined);
  }

  /** Whether the agent waits for a person. */
  get waiting(): boolean {
    return this.#open.size > 0;
  }

  /** Answers the agent's request. `signal` aborts when the agent withdraws it. */
  async ask(params: Record<string, unknown>, signal: AbortSignal): Promise<PermissionAnswer> {
    const { policy, readDiffs, callOf, placesOutside, isOwnTool, known, recall, events } = this.#options;
    const permission_id = this.#open.newId();
    const call = askedCall(params, callOf);
    const { verdict: ruled, remembers } = await known(call);
    const outside = await placesOutside(call);
    const request = await hashed(
      readRequest(params, call, {
        permission_id,
        expires_at: this.#waits ? undefined : this.#open.expires_at,
        remembers,
        readDiffs,
      }),
      call,
    );
    if (this.#open.isClosed) return CANCELLED;
    const { decision, by } = decisionFor(policy, {
      ruled,
      recalled: remembers && recall({ call: remembers, outside }),
      outside,
      isOwnTool: isOwnTool(call),
    });
    if (decision !== "ask") {
      const answer = narrowestOption(request.options, decision);
      const rule = by === "rule" ? ruled && ruleWords(ruled) : undefined;
      return await this.#settled(request, { answer, by, rule }, decision === "deny");
    }
    if (outside.length > 0) request.tool_call.outside = outside;
    const late = this.#options.late.permission(callKey(request));
    if (late) {
      const answer = optionFor(request.options, late.chosen);
      const settler = late.by ? "client" : "timeout";
      return await this.#settled(
        request,
        { answer, by: settler, actor: late.by, late: late.id },
        late.chosen.startsWith("reject"),
      );
    }
    if (this.#open.isFull) {
      await events.note(
        "warn",
        `Denied, since ${MOST_OPEN} permission requests wait already: ${request.title}`,
        "permission",
      );
      const answer = narrowestOption(request.options, "deny");
      return await this.#settled(request, { answer, by: "policy" }, true);
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

  /** Another turn begins. */
  reopen(): void {
    this.#open.reopen();
  }

  /** What is open stays so without this run. */
  park(): void {
    this.#open.park();
  }

  /** Answers every open and every later request with `cancelled`, because the run or its turn ends. */
  close(): void {
    this.#open.close();
  }

  get #waits(): boolean {
    return this.#options.timeout_action === "wait";
  }

  #failFor({ title }: PermissionRequest): void {
    const message = `Permission denied, nobody answered in time: ${title}`;
    this.#options.failed({ kind: "permission_denied", message });
  }

  async #askClient(request: PermissionRequest, signal: AbortSignal): Promise<PermissionAnswer> {
    const late = narrowestOption(request.options, "deny");
    const answered = this.#open.ask(request.permission_id, request, late, signal, this.#waits);
    await this.#options.events.emit({ kind: "permission_requested", request });
    const settlement = await answered;
    const { answer, by } = settlement;
    if (by === "timeout" && this.#options.timeout_action === "fail") this.#failFor(request);
    const denied = by === "timeout" || (by === "client" && answer?.kind.startsWith("reject") === true);
    return await this.#settled(request, settlement, denied);
  }

  async #settled(
    request: PermissionRequest,
    { answer: option, by, actor, late, rule }: Settlement & { rule?: string },
    denied: boolean,
  ): Promise<PermissionAnswer> {
    if (by === "park") return CANCELLED;
    if (denied && by !== "end") this.#options.denied({ title: request.title, by });
    const outcome = option?.kind ?? "cancelled";
    const { permission_id, title, tool_call } = request;
    const given = outcome.startsWith("allow") ? "given" : "not given";
    await this.#options.events.emit({
      kind: "log",
      level: denied ? "warn" : "info",
      message: `Permission ${given} (${outcome}, by ${nameOf(by, actor)}${
        rule === undefined ? "" : `: ${rule}`
      }): ${title}`,
      source: "permission",
      details: { ...tool_call, permission_id, by: actor },
    });
    await this.#options.events.emit({
      kind: "permission_settled",
      permission_id,
      outcome,
      by,
      ...late === undefined ? {} : { late },
    });
    return option === undefined
      ? CANCELLED
      : { outcome: { outcome: "selected", optionId: option.option_id } };
  }
}
