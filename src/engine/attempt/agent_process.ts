/** Starts, signals and ends the agent of an attempt. Its reports and its end become events. */
import { getLogger } from "@logtape/logtape";
import type { Actor } from "../../domain/actor.ts";
import type { AgentConfig } from "../../domain/agent_config.ts";
import type { AttemptEvent } from "../../domain/attempt/events.ts";
import type { QuestionAnswer } from "../../domain/question.ts";
import type { Run, RunEvent, RunOutcome } from "../../domain/run.ts";
import type { TurnMessage } from "../../domain/run_request.ts";
import { enforced } from "../../domain/sandbox.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import type { StoredWorkspace } from "../../domain/workspace.ts";
import type { RunContext } from "../run_context.ts";
import { askedOf } from "./asked.ts";
import { notStarted } from "./not_started.ts";
import { dependencyResults } from "./dependency_results.ts";
import { earlierWork } from "./earlier_work.ts";
import { ownTools } from "./own_tools.ts";
import { rulesRoot } from "./rules_root.ts";
import { delegates, type Place, runRequest, strangeTo } from "./run_request.ts";
import { copiesOf, noteDelivery, promptOf } from "./turn_prompt.ts";

const log = getLogger(["opencode-agents", "engine"]);

type AgentContext = Pick<
  RunContext,
  | "runner"
  | "settings"
  | "directory"
  | "store"
  | "attachments"
  | "access"
  | "workspaces"
  | "holds"
  | "remembered"
  | "working_dirs"
>;

export class AgentProcess {
  readonly #context: AgentContext;
  readonly #emit: (event: AttemptEvent) => void | Promise<void>;
  #run: Run | undefined;
  #signalled: Promise<void> = Promise.resolve();

  constructor(
    context: AgentContext,
    emit: (event: AttemptEvent) => void | Promise<void>,
  ) {
    this.#context = context;
    this.#emit = emit;
  }

  get pid(): number | undefined {
    return this.#run?.pid;
  }

  start(task: TaskRecord, agent: string, working_dir: string): void {
    void this.#live(task, agent, working_dir);
  }

  async #live(task: TaskRecord, agent: string, working_dir: string): Promise<void> {
    const { runner, settings, directory, store, attachments, access, holds, remembered, working_dirs } =
      this.#context;
    const here = { agent, working_dir, node: store.node.node };
    const issued = access?.issue(task.id, agent);
    try {
      const request = runRequest(task, settings, here);
      request.workspace = (store.tasks.get(task.id) ?? task).state.workspace;
      if (access && issued) {
        const { url, fingerprint, certificate } = access;
        request.access = { url, token: issued.token, fingerprint, certificate };
        if (delegates(task, settings, agent)) {
          if (isCutOff(request.agent)) this.#note("warn", CUT_OFF);
          else request.own_tools = ownTools(access, request.access);
        }
      }
      request.attachments = attachments?.of(task.spec.execution?.attachments ?? []);
      if (request.agent.protocol === "acp") {
        const { workspace } = (store.tasks.get(task.id) ?? task).state;
        request.root = await rulesRoot(working_dir, workspace, settings.projectOf(task), working_dirs);
        request.recall = (asked) => remembered.recall(task, asked);
        request.late_answers = task.state.late_answers;
        request.earlier = await earlierWork(store, task);
        request.task.dependencies = await dependencyResults(this.#context, task);
        const { message } = task.state.prompt ?? {};
        if (message !== undefined) {
          const prompt = await promptOf(this.#context, task.id, message);
          const mayBeTold = wasBegun(task.state);
          const copies = mayBeTold ? await copiesOf(store, task, message.number, prompt.text) : undefined;
          request.message = { ...prompt, mayBeTold, copies };
          if (!mayBeTold) await noteDelivery(store, task, prompt.text);
        }
        request.hasNext = () => store.tasks.get(task.id)?.state.waiting !== undefined;
        this.#noteStrangeSession(task, here);
        if (request.earlier) {
          const { before, steered } = await askedOf(this.#context, task);
          if (before.length > 0) request.earlier.asked = before;
          request.steered = steered;
        }
      }
      if (request.workspace && enforced(request.agent.sandbox)) await this.#protect(request.workspace);
      this.#run = await runner.start(request, (report) => {
        if (report.kind === "offer") return directory?.note(agent, report.news);
        if (isOutput(report)) holds.noteOutput(task.id);
        return this.#emit({ kind: "reported", report });
      });
    } catch (error) {
      issued?.end();
      void this.#emit(notStarted(task.id, error));
      return;
    }
    void this.#emit({ kind: "spawned", takesTurns: this.#run.next !== undefined });
    const outcome = await this.#run.outcome.catch(brokenOutcome);
    issued?.end();
    if (settings.agents[agent]?.protocol === "acp") this.#noteLogin(agent, outcome);
    void this.#emit({ kind: "agent_ended", outcome });
  }

  /** The run knows only of a session that it can resume. */
  #noteStrangeSession({ state: { session } }: TaskRecord, here: Place): void {
    const whose = session && strangeTo(session, here);
    if (whose === undefined) return;
    this.#note("warn", `The earlier session is ${whose} and cannot be loaded here: a new one begins`);
  }

  async #protect(workspace: StoredWorkspace): Promise<void> {
    try {
      await this.#context.workspaces.protect?.(workspace);
    } catch (error) {
      this.#note(
        "warn",
        `Objects of the repository that are not packed are not protected: ${(error as Error).message}`,
      );
    }
  }

  #note(level: "warn", message: string): void {
    void this.#emit({ kind: "reported", report: { kind: "log", level, message, source: "engine" } });
  }

  /** A turn that ended well shows that the agent has an account, whatever it told at its start. */
  #noteLogin(agent: string, { status, failure }: RunOutcome): void {
    const isNeeded = failure?.kind === "needs_login";
    if (isNeeded || status === "completed") {
      this.#context.directory?.note(agent, { login: isNeeded ? "needed" : "ok" });
    }
  }

  /** `parks`: what the agent asks stays open without it. */
  stop(parks = false): void {
    this.#run?.stop({ parks }).catch((error) => log.error("An agent could not be ended: {error}", { error }));
  }

  /** Begins the next turn, or without a message ends the run. */
  next(message: TurnMessage | undefined): void {
    const isTaken = this.#run?.next?.(message) ?? false;
    if (!isTaken && message !== undefined) void this.#emit({ kind: "message_refused" });
  }

  /** Gives the agent a message in its turn. Returns whether it took it. */
  async steer(message: TurnMessage): Promise<boolean> {
    return await this.#run?.steer?.(message) ?? false;
  }

  /** Ends the turn, but not the run. */
  interrupt(): void {
    this.#run?.interrupt?.();
  }

  /** Returns false if no such request is open or it has no such option. */
  answerPermission(permission_id: string, option_id: string, by: Actor): boolean {
    return this.#run?.answerPermission(permission_id, option_id, by) ?? false;
  }

  /** Returns false if no such question is open. */
  answerQuestion(question_id: string, answer: QuestionAnswer, by: Actor): boolean {
    return this.#run?.answerQuestion?.(question_id, answer, by) ?? false;
  }

  /** Settles when the signals requested so far have arrived. Rejects if the last one could not be sent. */
  get signalled(): Promise<void> {
    return this.#signalled;
  }

  /** Sends a signal after all earlier ones. */
  signal(signal: "pause" | "resume"): void {
    // The caller that requested the earlier signal has seen its failure.
    const before = this.#signalled.catch(() => undefined);
    this.#signalled = before.then(() => signal === "pause" ? this.#run?.pause() : this.#run?.resume());
    const arrived = () => void this.#emit({ kind: "signalled", signal });
    this.#signalled.then(arrived, arrived);
  }
}

const CUT_OFF =
  "The agent's sandbox has no network, so it does not get this server's tools: it could not reach them";

/** Whether its sandbox keeps the agent from reaching this server. */
function isCutOff({ sandbox }: AgentConfig): boolean {
  return enforced(sandbox)?.network === false;
}

/** Whether the agent has said or done something in its turn, so that its provider takes its requests. */
function isOutput({ kind }: RunEvent): boolean {
  switch (kind) {
    case "at_work":
    case "progress":
    case "activity":
    case "permission_requested":
    case "question_asked":
      return true;
    default:
      return false;
  }
}

/** Whether an earlier attempt was at the present turn. */
function wasBegun({ attempt, attempts, turn }: TaskRecord["state"]): boolean {
  return attempts.some((one) => one.attempt < attempt && one.turn === turn);
}

/** The outcome of a run that broke, which is a bug. Without one its task would stay running and keep its slot. */
function brokenOutcome(error: unknown): RunOutcome {
  log.error("A run broke: {error}", { error });
  const message = `The run broke: ${(error as Error).message}`;
  return { status: "failed", failure: { kind: "bug", message }, output: "" };
}
