/** Pull requests: how a task's changes get to a forge. */
import * as z from "zod";
import { name, TaskId, text } from "../domain/scalars.ts";
import { exchange } from "./exchange.ts";

/** A name that git takes for no option. What else it may be is known only in the repository. */
const GitName = name(255).regex(/^[^-\s][^\s]*$/, {
  error: "a name without spaces that does not begin with '-'",
});

export const pullRequestMessages = {
  create_pull_request: exchange(
    "create_pull_request",
    {
      task_id: TaskId,
      title: text(1, 255).optional().describe("Default: the first line of the task's description."),
      body: text(0, 60_000).optional().describe("Markdown. Default: the task's description, and its id."),
      draft: z.boolean().optional().describe("Default: what the task's project says, else false."),
      remote: GitName.optional().describe("A configured remote. Default: origin."),
      into: GitName.optional().describe(
        "The branch that is to take the changes. Default: the one from which the work started, if the remote has it, else " +
          "the repository's default branch.",
      ),
    },
    "pull_request_created",
    {
      task_id: z.string(),
      url: z.string(),
      branch: z.string().describe("The branch on the remote."),
      number: z.int(),
      timestamp: z.string(),
    },
  ),
};
