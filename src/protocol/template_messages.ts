/** Templates, and the deliveries of the hooks that start them. */
import * as z from "zod";
import { exchange } from "./exchange.ts";
import { Delivery } from "../domain/delivery.ts";
import { NewTaskId, text } from "../domain/scalars.ts";
import { Task } from "../domain/task.ts";
import { Template, TemplateName, VALUE_MAX } from "../domain/template.ts";

const { description, params, task, trigger } = Template.shape;

const TemplateView = z.object({
  name: z.string(),
  description,
  params: params.unwrap(),
  task,
  trigger: z.object({
    path: z.string().describe("Where deliveries are sent."),
    events: trigger.unwrap().shape.events,
    params: trigger.unwrap().shape.params.unwrap(),
  }).optional(),
});
export type TemplateView = z.infer<typeof TemplateView>;

const timestamp = z.string();

export const templateMessages = {
  list_templates: exchange("list_templates", {}, "template_list", {
    templates: z.array(TemplateView),
    timestamp,
  }),
  start_from_template: exchange(
    "start_from_template",
    {
      template: TemplateName,
      params: z.record(z.string(), z.union([z.string().max(VALUE_MAX), z.number(), z.boolean()])).optional(),
      id: NewTaskId.optional().describe(
        "The task's id. By default one that begins with the template's name.",
      ),
    },
    "task_started",
    { task_id: z.string(), task: Task },
  ),
  list_deliveries: exchange(
    "list_deliveries",
    { template: TemplateName, limit: z.int().min(1).max(200).default(50) },
    "delivery_list",
    { template: z.string(), deliveries: z.array(Delivery).describe("The newest first."), timestamp },
  ),
  replay_delivery: exchange(
    "replay_delivery",
    {
      delivery_id: text(1, 300),
      template: TemplateName.optional().describe("Needed if deliveries of several templates have this id."),
    },
    "delivery_replayed",
    { delivery_id: z.string(), template: z.string(), task_id: z.string(), timestamp },
  ),
};
