/** Reads an agent's permission request. Options are chosen by kind, because each agent has its own ids. Pure. */
import {
  PermissionOption,
  type PermissionRequest,
  type RememberedCall,
} from "../../domain/permission_request.ts";
import type { FileDiff } from "../../domain/file_diff.ts";
import { sha256 } from "../../domain/sha256.ts";
import type { DiffReader } from "./diffs.ts";
import { cut, cutValue, listOf, objectOf, oneLine, pathsOf, textOf } from "./wire_value.ts";

const MOST_OPTIONS = 20;

/** The fields that are not in the agent's own request. */
export interface RequestContext {
  permission_id: string;
  /** ISO 8601. Absent: it waits without end. */
  expires_at?: string;
  remembers?: RememberedCall;
  readDiffs: DiffReader;
}

/**
 * The tool call that a request is about. Some agents refer in it to what they have told before.
 *
 * @param seen the call as told before
 */
export function askedCall(
  params: Record<string, unknown>,
  seen: (tool_call_id: string) => Record<string, unknown> | undefined,
): Record<string, unknown> {
  const call = objectOf(params.toolCall) ?? {};
  const told = seen(textOf(call.toolCallId) ?? "") ?? {};
  const input = objectOf(call.rawInput);
  return {
    ...call,
    title: call.title ?? told.title,
    kind: call.kind ?? told.kind,
    rawInput: input === undefined ? call.rawInput ?? told.rawInput : { ...objectOf(told.rawInput), ...input },
    locations: listOf(call.locations).length > 0 ? call.locations : told.locations,
  };
}

/**
 * Reads the `params` of `session/request_permission`. Parts that cannot be used are left out.
 *
 * @param call the result of `askedCall`
 */
export function readRequest(
  params: Record<string, unknown>,
  call: Record<string, unknown>,
  context: RequestContext,
): PermissionRequest {
  return {
    permission_id: context.permission_id,
    title: oneLine(textOf(call.title) ?? "Permission request", 500),
    tool_call: toolCallOf(call, textOf(call.toolCallId) ?? "", context.readDiffs),
    options: listOf(params.options).slice(0, MOST_OPTIONS).flatMap(optionOf),
    expires_at: context.expires_at,
    remembers: context.remembers,
  };
}

/** The request with the hash of what is cut, so that it is known when it is asked again. */
export async function hashed(
  request: PermissionRequest,
  call: Record<string, unknown>,
): Promise<PermissionRequest> {
  const { raw_input, diffs } = request.tool_call;
  const isCut = diffs === undefined
    ? typeof raw_input === "string" && raw_input !== call.rawInput
    : (diffs as FileDiff[]).some(({ note }) => note !== undefined);
  if (!isCut) return request;
  const whole = JSON.stringify([call.kind, call.rawInput, call.content, call.locations]);
  return { ...request, call_hash: await sha256(new TextEncoder().encode(whole)) };
}

function toolCallOf(
  call: Record<string, unknown>,
  id: string,
  readDiffs: DiffReader,
): Record<string, unknown> {
  const tool_call: Record<string, unknown> = { tool_call_id: id, kind: textOf(call.kind) ?? "other" };
  const raw_input = cutValue(call.rawInput, 8192);
  if (raw_input !== undefined) tool_call.raw_input = raw_input;
  const explanation = listOf(call.content)
    .flatMap((part) => textOf(objectOf(objectOf(part)?.content)?.text) ?? []).join("\n");
  if (explanation !== "") tool_call.explanation = cut(explanation, 4096);
  const locations = pathsOf(call.locations);
  if (locations.length > 0) tool_call.locations = locations;
  const diffs = readDiffs(call);
  if (diffs !== undefined) tool_call.diffs = diffs;
  return tool_call;
}

function optionOf(value: unknown): PermissionOption[] {
  const option = objectOf(value);
  const option_id = textOf(option?.optionId);
  const kind = PermissionOption.shape.kind.safeParse(option?.kind).data;
  if (option_id === undefined || kind === undefined) return [];
  return [{ option_id, name: oneLine(textOf(option?.name) ?? option_id, 200), kind }];
}
