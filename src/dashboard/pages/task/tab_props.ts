/** The props of each tab of the task's page. */
import type { TaskResult } from "../../../protocol/task_messages.ts";
import type { Task } from "../../../domain/task.ts";
import type { Answer } from "../../data/answer.ts";
import type { Conversation } from "../../data/conversation.ts";
import type { TaskLog } from "./task_log.ts";

export interface TabProps {
  task: Task;
  /** The result so far; loaded again at each change of status. */
  result: Answer<TaskResult>;
  /** Followed only while a tab shows it. */
  tools: TaskLog;
  conversation: Conversation;
}
