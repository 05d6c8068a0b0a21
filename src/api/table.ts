/**
 * All capabilities. The server refuses to start if one is missing, is there twice, or contradicts the protocol. Their
 * examples are validated by the tests and for the documents: at each start that would cost a tenth of it.
 */
import { ERROR_CODES } from "../domain/errors.ts";
import { Permission } from "../domain/access_key.ts";
import { OPERATION_LIMITS } from "../protocol/limits.ts";
import { EXCHANGES, REQUEST_TYPES, type RequestType } from "../protocol/messages.ts";
import { acceptChanges } from "./accept_changes.ts";
import { archiveTasks } from "./archive_tasks.ts";
import { authenticate } from "./authenticate.ts";
import { batch } from "./batch.ts";
import { cancelTask } from "./cancel_task.ts";
import type { Capability } from "./capability.ts";
import { createKey } from "./create_key.ts";
import { createReport } from "./create_report.ts";
import { discardChanges } from "./discard_changes.ts";
import { getReview } from "./get_review.ts";
import { getTaskChanges } from "./get_task_changes.ts";
import { getConversation } from "./get_conversation.ts";
import { createPullRequest } from "./create_pull_request.ts";
import { getTaskResult } from "./get_task_result.ts";
import { getTaskStatus } from "./get_task_status.ts";
import { killProcess } from "./kill_process.ts";
import { listAgents } from "./list_agents.ts";
import { listAgentSessions } from "./list_agent_sessions.ts";
import { listKeys } from "./list_keys.ts";
import { listSchedules } from "./list_schedules.ts";
import { listNotifications } from "./list_notifications.ts";
import { listProjects } from "./list_projects.ts";
import { listDeliveries } from "./list_deliveries.ts";
import { listTemplates } from "./list_templates.ts";
import { listTenants } from "./list_tenants.ts";
import { listTasks } from "./list_tasks.ts";
import { pauseSchedule } from "./pause_schedule.ts";
import { probeAgent } from "./probe_agent.ts";
import { listWorktrees } from "./list_worktrees.ts";
import { pauseTask } from "./pause_task.ts";
import { ping } from "./ping.ts";
import { pruneWorktrees } from "./prune_worktrees.ts";
import { releaseAgent } from "./release_agent.ts";
import { requestClaudeProcesses } from "./request_claude_processes.ts";
import { requestLogEntries } from "./request_log_entries.ts";
import { requestMetrics } from "./request_metrics.ts";
import { requestProcessList } from "./request_process_list.ts";
import { requestStatus } from "./request_status.ts";
import { requestUsage } from "./request_usage.ts";
import { requestRateLimits } from "./request_rate_limits.ts";
import { requestSystemHealth } from "./request_system_health.ts";
import { requestSystemResources } from "./request_system_resources.ts";
import { answerQuestion } from "./answer_question.ts";
import { forgetRemembered } from "./forget_remembered.ts";
import { listRemembered } from "./list_remembered.ts";
import { requestAuditLog } from "./request_audit_log.ts";
import { verifyAuditLog } from "./verify_audit_log.ts";
import { respondToPermission } from "./respond_to_permission.ts";
import { resumeSchedule } from "./resume_schedule.ts";
import { resumeTask } from "./resume_task.ts";
import { retryTask } from "./retry_task.ts";
import { revokeKey } from "./revoke_key.ts";
import { rotateKey } from "./rotate_key.ts";
import { endSession } from "./end_session.ts";
import { listSessions } from "./list_sessions.ts";
import { logout } from "./logout.ts";
import { reviewTask } from "./review_task.ts";
import { runSchedule } from "./run_schedule.ts";
import { saveReview } from "./save_review.ts";
import { scheduleTask } from "./schedule_task.ts";
import { sendMessage } from "./send_message.ts";
import { replayDelivery } from "./replay_delivery.ts";
import { startFromTemplate } from "./start_from_template.ts";
import { startTask } from "./start_task.ts";
import { subscribeToUpdates } from "./subscribe_to_updates.ts";
import { testNotification } from "./test_notification.ts";
import { unscheduleTask } from "./unschedule_task.ts";
import { unsubscribeFromUpdates } from "./unsubscribe_from_updates.ts";
import { updateSchedule } from "./update_schedule.ts";
import { updateTask } from "./update_task.ts";
import { updateRateLimits } from "./update_rate_limits.ts";
import { updateWorkspace } from "./update_workspace.ts";
import { withdrawMessage } from "./withdraw_message.ts";

const ALL = [
  ping,
  authenticate,
  requestUsage,
  requestStatus,
  listAgents,
  probeAgent,
  releaseAgent,
  listAgentSessions,
  startTask,
  cancelTask,
  retryTask,
  pauseTask,
  resumeTask,
  updateTask,
  archiveTasks,
  getTaskStatus,
  listTasks,
  getTaskResult,
  acceptChanges,
  discardChanges,
  updateWorkspace,
  listWorktrees,
  pruneWorktrees,
  listProjects,
  listNotifications,
  testNotification,
  getTaskChanges,
  getReview,
  saveReview,
  createPullRequest,
  reviewTask,
  respondToPermission,
  listRemembered,
  forgetRemembered,
  answerQuestion,
  sendMessage,
  withdrawMessage,
  getConversation,
  scheduleTask,
  unscheduleTask,
  updateSchedule,
  pauseSchedule,
  resumeSchedule,
  runSchedule,
  listTemplates,
  listTenants,
  startFromTemplate,
  listDeliveries,
  replayDelivery,
  createReport,
  listSchedules,
  requestLogEntries,
  requestSystemResources,
  requestProcessList,
  requestClaudeProcesses,
  killProcess,
  requestSystemHealth,
  requestMetrics,
  requestRateLimits,
  updateRateLimits,
  createKey,
  listKeys,
  revokeKey,
  rotateKey,
  logout,
  listSessions,
  endSession,
  requestAuditLog,
  verifyAuditLog,
  subscribeToUpdates,
  unsubscribeFromUpdates,
  batch,
];

export type AnyCapability = Capability<RequestType>;

const PERMISSIONS: readonly string[] = [...Permission.options, "none"];

const EVERY = ALL as unknown as readonly AnyCapability[];

/**
 * Message type → capability, with all examples valid. Throws if the capabilities, the schemas, the examples and the
 * lists of codes and limits do not agree.
 */
export function capabilityTable(all = EVERY): ReadonlyMap<string, AnyCapability> {
  const table = capabilitiesByType(all);
  for (const { type, example } of table.values()) {
    const parsed = EXCHANGES[type].request.safeParse(example);
    if (!parsed.success) {
      throw new Error(`the capability '${type}' has an invalid example: ${parsed.error.message}`);
    }
  }
  return table;
}

/** As `capabilityTable`, but without a look at the examples. */
export function capabilitiesByType(all = EVERY): ReadonlyMap<string, AnyCapability> {
  const table = new Map<string, AnyCapability>();
  for (const one of all) {
    const problem = problemOf(one, table);
    if (problem !== undefined) throw new Error(`the capability '${one.type}' ${problem}`);
    table.set(one.type, one);
  }
  const missing = REQUEST_TYPES.filter((type) => !table.has(type));
  if (missing.length > 0) throw new Error(`no capability for: ${missing.join(", ")}`);
  return table;
}

function problemOf(
  { type, doc, permission, limit, errors }: AnyCapability,
  known: ReadonlyMap<string, AnyCapability>,
): string | undefined {
  if (known.has(type)) return "is there twice";
  if (!Object.hasOwn(EXCHANGES, type)) return "is for no message of the protocol";
  if (doc.trim() === "") return "has no documentation";
  if (!PERMISSIONS.includes(permission)) return `needs an unknown permission: '${permission}'`;
  if (limit !== undefined && !OPERATION_LIMITS.includes(limit)) return `has an unknown limit: '${limit}'`;
  const undeclared = errors.find((code) => !ERROR_CODES.includes(code));
  return undeclared === undefined ? undefined : `answers an undeclared error code: '${undeclared}'`;
}
