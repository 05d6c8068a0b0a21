/** Reports for people. */
import * as z from "zod";
import { exchange } from "./exchange.ts";
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
    },
    "report",
    { kind: ReportKind, format: ReportFormat, content: z.string(), timestamp: z.string() },
  ),
};
