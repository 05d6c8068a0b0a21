/** Puts together what a run of an agent consists of, besides its process. */
import type { Clock } from "../../clock/clock.ts";
import type { RunRequest } from "../../domain/run_request.ts";
import { duration } from "../../protocol/formats.ts";
import { PlacedFiles } from "../attachments/placed_files.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { zoneOf } from "./agent_moment.ts";
import type { AcpBounds } from "./bounds.ts";
import { diffReader } from "./diffs.ts";
import { placesOutside, type ScopeFolders } from "./permission_scope.ts";
import { LateAnswers } from "./late_answers.ts";
import { type KnownCall, Permissions } from "./permissions.ts";
import { rememberedCall, ruled, ruledCall } from "./ruled_call.ts";
import { Questions } from "./questions.ts";
import { SilenceWatch } from "./silence_watch.ts";
import { AcpTurns, type TurnsOptions } from "./turns.ts";
import { oneLine } from "./wire_value.ts";

export interface PartsOptions extends Pick<TurnsOptions, "onOwnTurn" | "giveUp"> {
  request: RunRequest;
  clock: Clock;
  make: AgentMake;
  bounds: AcpBounds;
  events: EventQueue;
  /** The temporary folder of the process at work. */
  tmpDir: () => string;
  /** Whether the agent has a reason to be silent, besides its requests. */
  isIdle: () => boolean;
}

export interface RunParts {
  turns: AcpTurns;
  permissions: Permissions;
  questions: Questions;
  placed: PlacedFiles;
  silence: SilenceWatch;
}

async function knownOf(request: RunRequest, call: WireObject, folders: ScopeFolders): Promise<KnownCall> {
  const { rules, agent_name: agent, root = request.working_dir } = request;
  const home = request.env.HOME ?? Deno.env.get("HOME");
  const known = await ruledCall(call, folders, { agent, home });
  return {
    verdict: rules && await ruled(known, { rules, agent, home, root }),
    remembers: rememberedCall(known, root),
  };
}

export function runParts(
  { request, clock, make, bounds, events, tmpDir, isIdle, onOwnTurn, giveUp }: PartsOptions,
): RunParts {
  const { working_dir, attempt, permission_timeout_ms: timeout_ms } = request;
  const readDiffs = diffReader(make.changesOf, working_dir);
  const { quiet_ms } = bounds;
  const zone = zoneOf(request);
  const turns = new AcpTurns({
    clock,
    zone,
    make,
    events,
    readDiffs,
    quiet_ms,
    onOwnTurn,
    giveUp,
    isPaused: isIdle,
  });
  const own = request.own_tools?.stdio.name;
  const late = new LateAnswers(request.late_answers ?? []);
  const permissions = new Permissions({
    clock,
    policy: request.rules?.otherwise ?? request.permissions,
    timeout_action: request.permission_timeout_action ?? "deny",
    known: (call) => knownOf(request, call, { working_dir, tmp_dir: tmpDir() }),
    late,
    recall: (asked) => request.recall?.(asked),
    failed: (failure) => giveUp(failure, { kind: failure.kind, what: failure.message }),
    timeout_ms,
    attempt,
    readDiffs,
    events,
    callOf: (id) => turns.transcript.callOf(id),
    placesOutside: (call) => placesOutside(call, { working_dir, tmp_dir: tmpDir() }),
    isOwnTool: (call) => own !== undefined && make.isToolOf(call, own),
    denied: (denial) => turns.now.denied(denial),
  });
  const questions = new Questions({
    clock,
    timeout_ms,
    attempt,
    events,
    late,
    waits: request.permission_timeout_action === "wait",
    goesOn: (question) => make.goesOnAfter(question),
  });
  const silence = new SilenceWatch({
    clock,
    long_ms: bounds.silence_ms,
    isExpected: () => isIdle() || permissions.waiting || questions.waiting,
    report: (silent_ms, isLong) => {
      const current_step = oneLine(`No sign of life for ${duration(silent_ms)}, ${turns.now.pending}`, 200);
      void events.emit({ kind: "silent", current_step, isLong });
    },
    onSign: () => turns.now.showStep(),
  });
  return { turns, permissions, questions, placed: new PlacedFiles(working_dir, request.task.id), silence };
}
