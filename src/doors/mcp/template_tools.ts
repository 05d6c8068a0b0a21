/** The tools that start tasks from the templates of the server's configuration. */
import * as z from "zod";
import { NewTaskId } from "../../domain/scalars.ts";
import { TemplateName } from "../../domain/template.ts";
import { brief, briefOf, tool } from "./tool.ts";

export const listTemplates = tool({
  name: "list_templates",
  title: "List the task templates",
  description:
    "List the templates of the server's configuration: tasks with blanks that a person has prepared. Each has parameters; one " +
    "without a default must be given to start_from_template.",
  input: {},
  output: {
    templates: z.array(z.object({
      name: z.string(),
      description: z.string().optional(),
      params: z.array(z.object({
        name: z.string(),
        required: z.boolean(),
        default: z.string().optional(),
        pattern: z.string().optional(),
        description: z.string().optional(),
      })),
    })),
  },
  hints: { readOnlyHint: true },
  async run(_input, { backend }) {
    const { templates } = await backend.request("list_templates", {});
    return {
      templates: templates.map(({ name, description, params }) => ({
        name,
        description,
        params: Object.entries(params).map(([param, about]) => ({
          name: param,
          required: about.default === undefined,
          ...about,
        })),
      })),
    };
  },
});

export const startFromTemplate = tool({
  name: "start_from_template",
  title: "Start a task from a template",
  description:
    "Start a task that a person has prepared as a template, with values for its parameters. Then call wait_for_task. The " +
    "agents of tasks may not use it.",
  input: {
    template: TemplateName.describe("One of list_templates"),
    params: z.record(z.string(), z.string()).optional().describe("The parameters' values, by name"),
    task_id: NewTaskId.optional().describe("An id of your own for the task"),
  },
  output: brief,
  hints: { readOnlyHint: false },
  async run({ template, params, task_id }, { backend }) {
    const { task } = await backend.request("start_from_template", { template, params, id: task_id });
    return briefOf(task);
  },
});
