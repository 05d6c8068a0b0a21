/** Reports for people. */
import * as z from "zod";
import { exchange } from "./exchange.ts";
import { TimeZone } from "../domain/scalars.ts";
import { Label } from "../domain/task.ts";

const ReportKind = z.enum(["daily"]);
const ReportFormat = z.enum(["markdown"]);

export const reportMessages = {
  create_report: exchange(
    "create_report",
    {
      kind: ReportKind,
      format: ReportFormat.default("markdown"),
      project: Label.optional().describe("Only its tasks. Default: all, by project."),
      timezone: TimeZone.optional().describe(
        "The IANA time zone of its times. Default: that of `tasks.timezone`.",
      ),
    },
    "report",
    { kind: ReportKind, format: ReportFormat, content: z.string(), timestamp: z.string() },
  ),
};
