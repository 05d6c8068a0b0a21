/** The commands that talk to a server, in the order of the help. */
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { addAccept } from "./commands/accept.ts";
import { addAgents } from "./commands/agents.ts";
import { addRemembered } from "./commands/remembered.ts";
import { addAnswers } from "./commands/answer.ts";
import { addAnswerQuestion } from "./commands/answer_question.ts";
import { addLink } from "./commands/link.ts";
import { addLogout } from "./commands/logout.ts";
import { addArchive } from "./commands/archive.ts";
import { addAudit } from "./commands/audit.ts";
import { addAsks } from "./commands/asks.ts";
import { addCancel } from "./commands/cancel.ts";
import { addDiff } from "./commands/diff.ts";
import { addDiscard } from "./commands/discard.ts";
import { addEdit } from "./commands/edit.ts";
import { addFollow } from "./commands/follow.ts";
import { addHealth } from "./commands/health.ts";
import { addKill } from "./commands/kill.ts";
import { addLogs } from "./commands/logs.ts";
import { addMetrics } from "./commands/metrics.ts";
import { addNotifications } from "./commands/notifications.ts";
import { addPause } from "./commands/pause.ts";
import { addPr } from "./commands/pr.ts";
import { addProjects } from "./commands/projects.ts";
import { addPs } from "./commands/ps.ts";
import { addReport } from "./commands/report.ts";
import { addResult } from "./commands/result.ts";
import { addResume } from "./commands/resume.ts";
import { addRetry } from "./commands/retry.ts";
import { addReview } from "./commands/review.ts";
import { addRun } from "./commands/run.ts";
import { addSay } from "./commands/say.ts";
import { addSchedule } from "./commands/schedule.ts";
import { addSchedules } from "./commands/schedules.ts";
import { addSessions } from "./commands/sessions.ts";
import { addStatus } from "./commands/status.ts";
import { addTask } from "./commands/task.ts";
import { addTasks } from "./commands/tasks.ts";
import { addTemplates } from "./commands/templates.ts";
import { addTenants } from "./commands/tenants.ts";
import { addTop } from "./commands/top.ts";
import { addUpdate } from "./commands/update.ts";
import { addUsage } from "./commands/usage.ts";
import { addWorktrees } from "./commands/worktrees.ts";

/** Adds a command, or a few related ones, to the program. */
type AddCommand = (program: Command, cli: Cli) => void;

export const SERVER_COMMANDS: readonly AddCommand[] = [
  addRun,
  addFollow,
  addTasks,
  addTask,
  addResult,
  addSay,
  addDiff,
  addReview,
  addAccept,
  addDiscard,
  addPr,
  addUpdate,
  addWorktrees,
  addEdit,
  addArchive,
  addLink,
  addLogout,
  addProjects,
  addNotifications,
  addUsage,
  addCancel,
  addRetry,
  addPause,
  addResume,
  addAsks,
  addAnswers,
  addRemembered,
  addAnswerQuestion,
  addLogs,
  addTop,
  addSchedule,
  addSchedules,
  addTemplates,
  addTenants,
  addReport,
  addAgents,
  addSessions,
  addPs,
  addKill,
  addStatus,
  addHealth,
  addMetrics,
  addAudit,
];
