/** Wires the engine: its store, its runner, and the events that it publishes to the rest of the server. */
import type { Auditor } from "../access/auditor.ts";
import { join } from "node:path";
import { serverMarks } from "../agents/supervision/environment.ts";
import { AgentDirectory } from "../engine/agent_directory.ts";
import { Attachments } from "../engine/attachments.ts";
import { EventBus } from "../engine/events.ts";
import { Engine } from "../engine/engine.ts";
import { AgentHolds } from "../engine/holds/agent_holds.ts";
import { RememberedAnswers } from "../engine/remembered_answers.ts";
import type { RunSettings, TaskAccess } from "../engine/run_context.ts";
import { ProjectDirectory } from "../engine/project_directory.ts";
import { agentOf, Projects } from "../engine/projects.ts";
import { saveLastWork } from "../engine/saved_work.ts";
import { Scheduler } from "../engine/schedules/scheduler.ts";
import { Hooks } from "../engine/templates/hooks.ts";
import { Templates } from "../engine/templates/templates.ts";
import { entryOfEvent } from "../engine/task_events.ts";
import { DailyReport } from "../engine/daily_report.ts";
import { UsageReports } from "../engine/usage_reports.ts";
import { TaskReviews } from "../engine/task_reviews.ts";
import { allowedWorkingDirs, repositoryRoots } from "../engine/working_dir.ts";
import { FolderLooks } from "../host/folder_looks.ts";
import { containedPrograms } from "../host/processes/contained_program.ts";
import { memoryObstacle } from "../monitor/memory_limit.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import { ownTimeZone } from "../domain/time_zones.ts";
import { foldersAreExclusive, mayNameCommands } from "../protocol/config.ts";
import { configuredAgents } from "../protocol/basic_messages.ts";
import { AgentHistory } from "../read/agent_history.ts";
import { ProjectCounts } from "../read/project_counts.ts";
import type { TaskFacts } from "../read/task_columns.ts";
import { TaskIndex } from "../read/task_index.ts";
import { AttachmentFiles } from "../store/attachment_files.ts";
import type { Store } from "../store/open.ts";
import { gitComparisons } from "../workspaces/changes/comparisons.ts";
import { createGit } from "../workspaces/git.ts";
import { mergedChecks } from "../engine/merged_checks.ts";
import { mergedCheckouts } from "../workspaces/merged_checkout.ts";
import { gitLanding } from "../workspaces/landing.ts";
import { checkRunner, runTeardown } from "../workspaces/project_programs.ts";
import { gitWorkspaces } from "../workspaces/workspaces.ts";
import { worktreeFolders } from "../workspaces/worktree_folders.ts";
import { BoxedPrograms } from "./boxed_programs.ts";
import { composeAcceptance } from "./compose_acceptance.ts";
import { composeKeepAwake } from "./compose_keep_awake.ts";
import type { ComposeOptions } from "./compose_options.ts";
import { composePullRequests } from "./compose_pull_requests.ts";

const DAY_MS = 86_400_000;
/** Whoever judges work waits for it to be saved: the answer comes within 120 s. */
const JUDGED_SAVE_MS = 60_000;

/** The keys with real folders, as tasks have them. One that does not answer counts by its name: no task can start in it yet. */
async function concurrencyOf(
  { tasks: { concurrency, working_dir }, tenants }: ComposeOptions["config"],
  looks: FolderLooks,
) {
  const real = (path: string) => looks.realPath(path).catch(() => path);
  const keys = await Promise.all(
    concurrency.map(async (key) =>
      key.by === "working_dir" && key.only ? { ...key, only: await Promise.all(key.only.map(real)) } : key
    ),
  );
  const ofTenants = Object.entries(tenants).flatMap(([name, { max_concurrent: limit }]) =>
    limit === undefined ? [] : [{ by: "tenant" as const, limit, only: [name] }]
  );
  return { keys: [...keys, ...ofTenants], default_folder: await real(working_dir) };
}

export async function composeEngine(
  options: ComposeOptions,
  store: Store,
  access: TaskAccess,
  auditor: Auditor | undefined,
) {
  const { clock, config, base, home, folder, serverLog, ability } = options;
  const { tasks, limits } = config;
  const agents: typeof config.agents = Object.assign(Object.create(null), config.agents);
  const configured: typeof config.projects = Object.assign(Object.create(null), config.projects);
  const bus = new EventBus();
  const looks = new FolderLooks(clock);
  const projects = new Projects({
    clock,
    realPath: looks.realPath,
    projects: config.projects,
    default_dir: tasks.working_dir,
    base,
    home: home ?? (() => undefined),
    agentByType: (type) => tasks.agent_by_type[type] ?? tasks.default_agent,
  });
  await projects.refresh();
  const facts: TaskFacts = {
    projectOf: (task) => projects.projectOf(task)?.name,
    agentOf: (task) => agentOf(task, projects),
  };
  const index = new TaskIndex(store.tasks, store.changes, facts);
  const counts = new ProjectCounts(store.tasks, store.changes, facts.projectOf);
  const ids = { store_id: store.mark, instance_id: crypto.randomUUID() };
  const runner = options.openRunner(ids);
  const boxes = new BoxedPrograms({
    sandboxes: options.sandboxes,
    settings: { agents, agentFor: (task) => projects.agentFor(task) },
    tasks: store.tasks,
    tmp_root: join(folder, "tmp"),
  });
  const programs = {
    clock,
    run: containedPrograms(clock),
    server_env: Deno.env.toObject(),
    marks: serverMarks(ids),
    boxed: boxes.boxed,
  };
  const runCheck = checkRunner(programs);
  const git = createGit({ ...programs, look: (look, program) => boxes.look(look, program) });
  const cannotRun = () =>
    ability?.obstacle("run") ?? memoryObstacle(() => Deno.memoryUsage().rss, limits.max_memory_bytes);
  const allowed_dirs = [...tasks.allowed_dirs, ...Object.values(config.projects).map(({ path }) => path)];
  const working_dirs = allowedWorkingDirs(looks, base, tasks.working_dir, allowed_dirs, home);
  // Another node would not find a file that this one keeps.
  const attachments = config.store.url === undefined
    ? new Attachments({ clock, store, files: await AttachmentFiles.open(join(folder, "attachments"), clock) })
    : undefined;
  const worktrees = join(folder, "worktrees");
  const workspaces = gitWorkspaces({
    git,
    programs,
    data: folder,
    root: worktrees,
    room: join(folder, "git", "saves"),
  });
  const settings: RunSettings = {
    agents,
    default_timeout_ms: tasks.default_timeout,
    permissions: tasks.permissions,
    permission_rules: tasks.permission_rules,
    delegate: tasks.delegate,
    client_commands: mayNameCommands(config),
    checks: Object.assign(Object.create(null), config.checks),
    concurrency: await concurrencyOf(config, looks),
    session_timeout_ms: tasks.session_timeout_ms,
    permission_timeout_ms: tasks.permission_timeout_ms,
    permission_park_ms: tasks.permission_park_ms,
    permission_timeout_action: tasks.permission_timeout_action,
    unresponsive_after_ms: tasks.unresponsive_after_ms,
    unresponsive_limit_ms: tasks.unresponsive_limit_ms,
    retry_delay_ms: tasks.retry_delay_ms,
    retry_delay_max_ms: tasks.retry_delay_max_ms,
    provider_limit: tasks.provider_limit,
    retry: tasks.retry,
    pricing: config.pricing,
    timezone: tasks.timezone ?? ownTimeZone(),
    budget_usd_per_day: tasks.budget_usd_per_day,
    tenants: config.tenants,
    projects: () => configured,
    projectOf: (task) => projects.projectOf(task),
    executionOf: (task) => projects.executionOf(task),
    boundOf: (task) => projects.boundOf(task),
    agentFor: (task) => projects.agentFor(task),
    refresh: () => projects.refresh(),
  };
  const holds = new AgentHolds({
    clock,
    store,
    index,
    bus,
    settings,
    canHold: (agent) => runner.canHold?.(agent) !== false,
    tellsCost: (agent) => runner.tellsCost?.(agent),
  });
  const remembered = new RememberedAnswers({ clock, store, settings });
  void remembered.sweep();
  const directory = new AgentDirectory({
    working_dirs,
    clock,
    runner,
    agents,
    listed: configuredAgents(config),
    offers: store.agents,
    holds,
    history: new AgentHistory(store.tasks, store.changes),
    sandboxes: options.sandboxes,
    cannotRun,
  });
  const engine = new Engine({
    clock,
    directory,
    holds,
    remembered,
    store,
    index,
    bus,
    runner,
    access,
    working_dirs,
    attachments,
    exclusive_folders: foldersAreExclusive(config)
      ? repositoryRoots(looks, base, tasks.working_dir, home)
      : undefined,
    workspaces,
    sandboxes: options.sandboxes,
    runCheck,
    settings,
    max_concurrent: tasks.max_concurrent,
    max_starting: navigator.hardwareConcurrency,
    max_attempts: tasks.max_attempts,
    retention_ms: tasks.retention_days * DAY_MS,
    max_finished: tasks.max_finished,
    log_retention: config.logs,
    letGo: (task) => endings.releasing.letGo(task),
    cannotSupervise: () => ability?.obstacle("run"),
    cannotRun,
  });
  const save = (task: TaskRecord) =>
    saveLastWork(
      {
        store,
        workspaces,
        projectOf: (one) => projects.projectOf(one),
        bound: { clock, ms: JUDGED_SAVE_MS },
      },
      task,
    );
  const endings_room = join(folder, "git", "endings");
  const landing = gitLanding(git, endings_room);
  const endings = composeAcceptance({
    clock,
    store,
    landing,
    folders: worktreeFolders(git, landing, worktrees, endings_room),
    say: (task_id, said, by) => engine.commands.say(task_id, said, by),
    save,
    tearDown: async (task, folder) => {
      const { teardown = [], env } = projects.projectOf(task) ?? {};
      if (teardown.length === 0) return [];
      const repository = task.state.workspace?.repository ?? "";
      return await runTeardown(programs, teardown, { task_id: task.id, folder, repository, env });
    },
    methodOf: (task) => projects.projectOf(task)?.accept,
    check: mergedChecks({
      clock,
      logs: store.logs,
      settings,
      runCheck,
      checkout: mergedCheckouts({ git, programs, room: join(folder, "git", "checks") }),
    }),
  });
  const pullRequests = composePullRequests({
    clock,
    programs,
    store,
    git,
    landing: endings.landing,
    discarding: endings.discarding,
    commands: engine.commands,
    save,
    projectOf: (task) => projects.projectOf(task),
  });
  projects.listen(() => {
    index.columns.forgetFacts();
    counts.forget();
    engine.regroup();
  });
  const reviews = new TaskReviews({
    commands: engine.commands,
    store,
    comparisons: await gitComparisons({ git, clock, data: folder, folder: join(folder, "comparisons") }),
  });
  const { logs, schedules, changes } = store;
  const scheduler = new Scheduler({
    clock,
    commands: engine.commands,
    index,
    tasks: store.tasks,
    schedules,
    changes,
    bus,
    waitOf: (task) => engine.queries.view(task).waiting_for?.kind,
    audited: auditor?.during.bind(auditor),
    tell: (entry) => void logs.append(entry),
  });
  const templates = await Templates.open(config.templates, Deno.env.toObject(), {
    clock,
    commands: engine.commands,
    refuseTaken: (id) => scheduler.commands.refuseTaken(id),
  });
  const hooks = new Hooks({ clock, templates, store });
  bus.listen((event) => {
    const entry = entryOfEvent(event);
    if (entry) void logs.append(entry);
  });
  changes.subscribe("log", (entries) => {
    const publish = () => bus.publish({ kind: "log.appended", entries });
    // Log entries about publishing log entries would loop.
    if (serverLog) serverLog.quietly(publish);
    else publish();
  });
  serverLog?.attach((entry) => logs.append(entry));
  const usage = new UsageReports({ clock, index, store, settings });
  return {
    keepAwake: composeKeepAwake(config.server.keep_awake, bus, index),
    bus,
    engine,
    remembered,
    pullRequests,
    endings,
    reviews,
    scheduler,
    templates,
    hooks,
    runner,
    directory,
    projects: new ProjectDirectory(projects, counts),
    usage,
    reports: new DailyReport({ clock, queries: engine.queries, usage, settings }),
    attachments,
    projectOf: facts.projectOf,
  };
}
