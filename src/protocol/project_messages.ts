/** The messages about projects. */
import * as z from "zod";
import { Isolation } from "../domain/task.ts";
import { exchange } from "./exchange.ts";

export const ProjectView = z.object({
  name: z.string(),
  path: z.string().describe("Absolute."),
  is_git: z.boolean().describe("Whether its folder is in a git repository now."),
  base_branch: z.string().optional(),
  agent: z.string().optional().describe("The agent for its tasks that name none."),
  isolation: Isolation.optional(),
  tasks: z.object({
    running: z.int(),
    queued: z.int(),
    pending: z.int(),
    paused: z.int(),
    to_review: z.int().describe("Tasks whose changes a person has to look at."),
  }).describe("How many of its tasks are in which state, archived ones left out."),
});
export type ProjectView = z.infer<typeof ProjectView>;

export const projectMessages = {
  list_projects: exchange("list_projects", {}, "project_list", {
    projects: z.array(ProjectView),
    timestamp: z.string(),
  }),
};
