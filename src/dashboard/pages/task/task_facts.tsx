/** The facts about a task beside its conversation. Silent where things are as usual. */
import type { Task } from "../../../domain/task.ts";
import { epochOf } from "../../../clock/clock.ts";
import { costText, count, duration } from "../../../protocol/formats.ts";
import { projectOf } from "../../data/projects.ts";
import { PullRequestLine } from "../../ui/pull_request_line.tsx";
import { PriorityMark } from "../../ui/status.tsx";
import { Ago } from "../../ui/time.tsx";
import { agentName } from "./agent_name.ts";
import { PERMISSIONS } from "./details_tab.tsx";
import { Fact } from "./fact.tsx";
import { Relations } from "./relations.tsx";
import type { AttemptView } from "./timeline.ts";

export function TaskFacts({ task, attempts }: { task: Task; attempts: readonly AttemptView[] }) {
  const { execution = {}, workspace, pull_request, priority, metadata, created_at, usage } = task;
  const agent = agentName(task, attempts);
  const project = projectOf(task);
  const folder = workspace?.path ?? execution.working_dir;
  return (
    <section class="talk-facts">
      <h2>Facts</h2>
      <dl class="facts">
        <Fact name="Agent">
          {[agent ?? "chosen when it starts", execution.model].filter(Boolean).join(" · ")}
        </Fact>
        <Fact name="Project">{project}</Fact>
        <Fact name="Branch">{workspace?.branch && <code>{workspace.branch}</code>}</Fact>
        <Fact name="From">{workspace?.base}</Fact>
        <Fact name="Pull request">{pull_request && <PullRequestLine pull={pull_request} />}</Fact>
        <Fact name="Folder">{folder && <code>{folder}</code>}</Fact>
        <Fact name="Permissions">{execution.permissions && PERMISSIONS[execution.permissions]}</Fact>
        <Fact name="Priority">{priority !== "medium" && <PriorityMark priority={priority} />}</Fact>
        <Fact name="Owner">{metadata?.owner}</Fact>
        <Fact name="Created">
          <Ago iso={created_at} />
        </Fact>
        <Fact name="Ran">{ranFor(attempts)}</Fact>
        <Fact name="Cost">{usage && usage.cost_source !== "unknown" && costText(usage)}</Fact>
        <Fact name="Bound">{execution.max_cost_usd && costText(boundOf(execution.max_cost_usd))}</Fact>
        <Fact name="Tokens">{tokensOf(task)}</Fact>
      </dl>
      <Relations task={task} />
    </section>
  );
}

const boundOf = (cost_usd: number) => ({ cost_usd, cost_source: "reported" as const });

/** All tokens, and how many of them came from a cache or may be used. */
function tokensOf({ usage, execution }: Task): string | undefined {
  const all = usage === undefined ? 0 : usage.input_tokens + usage.output_tokens + usage.cached_tokens;
  const most = execution?.max_tokens === undefined ? undefined : `of ${count(execution.max_tokens)}`;
  if (all === 0 && most === undefined) return undefined;
  const cached = usage?.cached_tokens ? `(${count(usage.cached_tokens)} from cache)` : undefined;
  return [count(all), most, cached].filter(Boolean).join(" ");
}

/** How long all attempts that have ended took together. */
function ranFor(attempts: readonly AttemptView[]): string | undefined {
  const ms = attempts.reduce(
    (sum, { started_at, ended_at }) =>
      sum + (ended_at === undefined ? 0 : Math.max(0, epochOf(ended_at) - epochOf(started_at))),
    0,
  );
  return ms === 0 ? undefined : duration(ms);
}
