/** `review`: send a task back to its agent, with comments on lines. */
import { type Command, InvalidArgumentError } from "commander";
import type { ReviewComment } from "../../domain/review_comment.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { follow, logEnd } from "../follow/follow.ts";
import { addFollowOptions, type FollowFlags } from "../options.ts";
import { oneLine } from "../text.ts";

interface ReviewFlags extends CommonFlags, FollowFlags {
  comment?: ReviewComment[];
  message?: string;
}

export function addReview(program: Command, cli: Cli): void {
  const command = cli.command(
    program,
    "review <task>",
    "ask a task's agent for changes: one message with all comments",
  )
    .option(
      "-c, --comment <file:line:text>",
      "a comment on a line, or on lines as in src/a.ts:3-5:text; may be given again",
      (text, all: ReviewComment[] = []) => [...all, commentFrom(text)],
    )
    .option("-m, --message <text>", "what to say besides");
  addFollowOptions(command)
    .action(async (task_id: string, flags: ReviewFlags) => {
      const { comment: comments, message } = flags;
      const server = cli.http(flags);
      const asked = { task_id, verdict: "request_changes" as const, message, comments };
      const after = flags.follow ? await logEnd(server, task_id) : undefined;
      const reply = await server.request("review_task", asked);
      if (flags.json) cli.terminal.json(reply, flags.follow ? undefined : 2);
      else {
        for (const { path, line, outdated } of reply.comments) {
          if (outdated) cli.terminal.note(`${oneLine(path)}:${line} has changed since`);
        }
        cli.terminal.line(`task ${task_id} goes on with the review (message ${reply.message_id})`);
      }
      if (!flags.follow) return;
      cli.exit = await follow(cli, flags, { task_id, level: flags.level, after });
    });
}

/** A file's name may have colons: the first number between two ends it. */
function commentFrom(given: string): ReviewComment {
  const found = /^(.+?):(\d+)(?:-(\d+))?:\s*(\S[^]*)$/.exec(given);
  if (!found) throw new InvalidArgumentError("FILE:LINE:TEXT is expected, such as src/a.ts:12:too long");
  const [, path, line, end_line, text] = found;
  return {
    path: path!,
    line: Number(line),
    end_line: end_line === undefined ? undefined : Number(end_line),
    text: text!,
  };
}
