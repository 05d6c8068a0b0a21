/** `run --template`: a task that a template of the server makes. */
import { Option } from "commander";
import type { HttpClient } from "../client/http.ts";
import { ApiError } from "../domain/errors.ts";
import type { Reply } from "../protocol/messages.ts";

export interface TemplateFlags {
  template?: string;
  param?: Record<string, string>;
  id?: string;
}

export const TEMPLATE_OPTIONS = [
  new Option(
    "--template <name>",
    "start this template of the server instead of a prompt; `templates` lists them",
  ),
  new Option("-p, --param <name=value>", "with --template: a parameter's value; may be repeated").argParser(
    oneMore,
  ),
];

function oneMore(text: string, params: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at > 0) return { ...params, [text.slice(0, at)]: text.slice(at + 1) };
  throw new ApiError("CONFIGURATION_ERROR", `--param '${text}' is not of the form NAME=VALUE`, {
    field: "param",
    value: text,
  });
}

export async function fromTemplate(
  server: HttpClient,
  { template = "", param, id }: TemplateFlags,
): Promise<Reply<"start_from_template">> {
  return await server.request("start_from_template", { template, params: param, id });
}
