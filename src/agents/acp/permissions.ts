/**
 * Permission requests of one run: each is answered exactly once, by the policy, by a client, by the time that
 * has run out, or by the end of the run. Options are chosen by kind, since each agent has ids of its own.
 */
import { type Clock, isoTime } from "../../clock/clock.ts";
import { PermissionOption, type PermissionRequest } from "../../domain/permission_request.ts";
import type { PermissionPolicy, RunEvent } from "../../domain/run.ts";
import type { Denial } from "./outcome.ts";
import { diffsOf } from "./diffs.ts";
import { pathsOf } from "./transcript.ts";
import { cut, cutValue, listOf, objectOf, oneLine, textOf } from "./wire_value.ts";

/** The protocol's answer to `session/request_permission`. */
export interface PermissionAnswer {
  outcome: { outcome: "selected"; optionId: string } | { outcome: "cancelled" };
}

const CANCELLED: PermissionAnswer = { outcome: { outcome: "cancelled" } };

/** An agent that asks for more at once is not waiting for answers. */
const MOST_OPEN = 50;

type Settler = "client" | "policy" | "timeout" | "end";

interface OpenRequest {
  request: PermissionRequest;
  settle(option: PermissionOption | undefined, by: Settler): void;
}

export interface PermissionDeskOptions {
  clock: Clock;
  policy: PermissionPolicy;
  timeout_ms: number;
  attempt: number;
  working_dir: string;
  emit: (event: RunEvent) => Promise<void>;
  /** Title of a tool call seen earlier. */
  titleOf: (tool_call_id: string) => string | undefined;
  denied: (denial: Denial) => void;
}

export class PermissionDesk {
  #open = new Map<string, OpenRequest>();
  #asked = 0;
  #closed = false;

  constructor(private readonly options: PermissionDeskOptions) {}

  /** Whether the agent waits for a person. */
  get waiting(): boolean {
    return this.#open.size > 0;
  }

  /** Answers the agent's request; `signal` aborts when the agent takes it back. */
  async ask(params: Record<string, unknown>, signal: AbortSignal): Promise<PermissionAnswer> {
    const request = this.#describe(params);
    const { policy } = this.options;
    if (this.#closed) return CANCELLED;
    if (policy !== "ask") {
      return await this.#settled(request, wanted(request.options, policy), "policy", policy === "deny");
    }
    if (this.#open.size >= MOST_OPEN) {
      await this.options.emit({
        kind: "log",
        level: "warn",
        message: `Denied, since ${MOST_OPEN} permission requests wait already: ${request.title}`,
        source: "permission",
      });
      return await this.#settled(request, wanted(request.options, "deny"), "policy", true);
    }
    return await this.#askClient(request, signal);
  }

  /** False when no such request is open, or it has no such option. */
  answer(permission_id: string, option_id: string): boolean {
    const open = this.#open.get(permission_id);
    const option = open?.request.options.find((candidate) => candidate.option_id === option_id);
    if (open === undefined || option === undefined) return false;
    open.settle(option, "client");
    return true;
  }

  /** The run ends: what is open, and whatever comes yet, is answered `cancelled`. */
  close(): void {
    this.#closed = true;
    for (const open of [...this.#open.values()]) open.settle(undefined, "end");
  }

  async #askClient(request: PermissionRequest, signal: AbortSignal): Promise<PermissionAnswer> {
    const { clock, timeout_ms, emit } = this.options;
    const answered = new Promise<{ option: PermissionOption | undefined; by: Settler }>((resolve) => {
      const settle = (option: PermissionOption | undefined, by: Settler) => {
        if (!this.#open.delete(request.permission_id)) return;
        timer.cancel();
        signal.removeEventListener("abort", withdraw);
        resolve({ option, by });
      };
      const withdraw = () => settle(undefined, "end");
      const timer = clock.after(timeout_ms, () => settle(wanted(request.options, "deny"), "timeout"));
      signal.addEventListener("abort", withdraw, { once: true });
      this.#open.set(request.permission_id, { request, settle });
    });
    await emit({ kind: "permission_requested", request });
    const { option, by } = await answered;
    const denied = by === "timeout" || (by === "client" && option?.kind.startsWith("reject") === true);
    return await this.#settled(request, option, by, denied);
  }

  async #settled(
    request: PermissionRequest,
    option: PermissionOption | undefined,
    by: Settler,
    denied: boolean,
  ): Promise<PermissionAnswer> {
    if (denied && by !== "end") this.options.denied({ title: request.title, by });
    const outcome = option?.kind ?? "cancelled";
    await this.options.emit({
      kind: "log",
      level: denied ? "warn" : "info",
      message: `Permission ${outcome.startsWith("allow") ? "given" : "not given"} (${outcome}, by ${by}): ` +
        request.title,
      source: "permission",
      details: { ...request.tool_call, permission_id: request.permission_id },
    });
    await this.options.emit({
      kind: "permission_settled",
      permission_id: request.permission_id,
      outcome,
      by,
    });
    return option === undefined
      ? CANCELLED
      : { outcome: { outcome: "selected", optionId: option.option_id } };
  }

  #describe(params: Record<string, unknown>): PermissionRequest {
    const { clock, timeout_ms, attempt, titleOf, working_dir } = this.options;
    const call = objectOf(params.toolCall) ?? {};
    const id = textOf(call.toolCallId) ?? "";
    const explanation = listOf(call.content)
      .flatMap((part) => textOf(objectOf(objectOf(part)?.content)?.text) ?? []).join("\n");
    const tool_call: Record<string, unknown> = { tool_call_id: id, kind: textOf(call.kind) ?? "other" };
    const raw_input = cutValue(call.rawInput, 8192);
    if (raw_input !== undefined) tool_call.raw_input = raw_input;
    if (explanation !== "") tool_call.explanation = cut(explanation, 4096);
    const locations = pathsOf(call.locations);
    if (locations.length > 0) tool_call.locations = locations;
    const diffs = diffsOf(call, working_dir);
    if (diffs !== undefined) tool_call.diffs = diffs;
    // The number alone would repeat when a recovered task runs the same attempt again.
    const chance = Math.floor(this.options.clock.random() * 36 ** 6).toString(36).padStart(6, "0");
    return {
      permission_id: `perm_${attempt}_${++this.#asked}_${chance}`,
      title: oneLine(textOf(call.title) ?? titleOf(id) ?? "Permission request", 500),
      tool_call,
      options: listOf(params.options).slice(0, 20).flatMap(optionOf),
      expires_at: isoTime(clock.now() + timeout_ms),
    };
  }
}

function optionOf(value: unknown): PermissionOption[] {
  const option = objectOf(value);
  const option_id = textOf(option?.optionId);
  const kind = PermissionOption.shape.kind.safeParse(option?.kind).data;
  if (option_id === undefined || kind === undefined) return [];
  return [{ option_id, name: oneLine(textOf(option?.name) ?? option_id, 200), kind }];
}

/** The narrowest option that allows or denies; without one the request is answered `cancelled`. */
function wanted(options: PermissionOption[], verdict: "allow" | "deny"): PermissionOption | undefined {
  const kinds = verdict === "allow" ? ["allow_once", "allow_always"] : ["reject_once", "reject_always"];
  return kinds.flatMap((kind) => options.find((option) => option.kind === kind) ?? [])[0];
}
