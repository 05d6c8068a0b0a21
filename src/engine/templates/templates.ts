/** Starts tasks from the configuration's templates. */
import { type Clock, isoTime } from "../../clock/clock.ts";
import type { Actor } from "../../domain/actor.ts";
import { ApiError } from "../../domain/errors.ts";
import { fieldProblem } from "../../domain/field_problem.ts";
import { secretOf } from "../../domain/secret_variable.ts";
import type { NewTask } from "../../domain/task.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import { filledTask, shownTask, type Template, valuesOf } from "../../domain/template.ts";
import { checkedTask } from "../../protocol/checked_task.ts";
import type { TemplateView } from "../../protocol/template_messages.ts";
import type { Besides } from "../../store/queue.ts";
import type { TaskCommands } from "../task_commands.ts";

type Params = Readonly<Record<string, string | number | boolean>>;
type Matches = (param: string, value: string) => boolean;

/** A template of the configuration, ready to be used. */
export interface LoadedTemplate {
  name: string;
  template: Template;
  matches: Matches;
  /** What signs the deliveries of its trigger. */
  secret: string | undefined;
}

export interface TemplatesContext {
  clock: Clock;
  commands: Pick<TaskCommands, "create">;
  refuseTaken(id: string): void;
}

export class Templates {
  readonly #context: TemplatesContext;
  readonly #loaded: ReadonlyMap<string, LoadedTemplate>;

  private constructor(context: TemplatesContext, loaded: ReadonlyMap<string, LoadedTemplate>) {
    this.#context = context;
    this.#loaded = loaded;
  }

  /** Throws `CONFIGURATION_ERROR` for a pattern that cannot be read, and for a trigger without its secret. */
  static async open(
    templates: Readonly<Record<string, Template>>,
    env: Readonly<Record<string, string>>,
    context: TemplatesContext,
  ): Promise<Templates> {
    const loaded = new Map<string, LoadedTemplate>();
    for (const [name, template] of Object.entries(templates)) {
      const secret = template.trigger &&
        secretOf(`templates.${name}.trigger.secret_env`, template.trigger.secret_env, env);
      loaded.set(name, { name, template, matches: await patternsOf(name, template), secret });
    }
    return new Templates(context, loaded);
  }

  /** Without the values that no client is shown. */
  list(): TemplateView[] {
    return [...this.#loaded.values()].map(({ name, template: { description, params, task, trigger } }) => ({
      name,
      description,
      params,
      task: shownTask(task),
      trigger: trigger && { path: `/hooks/${name}`, events: trigger.events, params: trigger.params },
    }));
  }

  find(name: string): LoadedTemplate | undefined {
    return this.#loaded.get(name);
  }

  /** Throws `INVALID_FIELD_VALUE` for an unknown name. */
  get(name: string): LoadedTemplate {
    const found = this.#loaded.get(name);
    if (found) return found;
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "template",
      name,
      [...this.#loaded.keys()],
      `There is no template '${name}'`,
    );
  }

  /** The task that these parameters make. Throws as `start_task` does, and for the parameters. */
  taskOf({ name, template, matches }: LoadedTemplate, params: Params, id = this.newId(name)): NewTask {
    return checkedTask(filledTask(template, valuesOf(template, params, matches), id));
  }

  /** `NAME_`, the time, so that ids sort by age, and a few random letters. */
  newId(name: string): string {
    const { clock } = this.#context;
    const chance = Math.floor(clock.random() * 36 ** 4).toString(36).padStart(4, "0");
    return `${name}_${clock.now().toString(36)}_${chance}`;
  }

  /** Stores the task. `besides`: what belongs to the same commit. */
  async create(task: NewTask, by: Actor, besides?: Besides): Promise<TaskRecord> {
    this.#context.refuseTaken(task.id);
    return await this.#context.commands.create(task, by, undefined, besides);
  }

  now(): string {
    return isoTime(this.#context.clock.now());
  }
}

/** RE2 matches in a time that grows with the text alone, and texts come from strangers. */
async function patternsOf(template: string, { params }: Template): Promise<Matches> {
  const patterns = new Map<string, (value: string) => boolean>();
  for (const [name, { pattern }] of Object.entries(params)) {
    if (pattern === undefined) continue;
    const { RE2JS, RE2JSException } = await import("re2js");
    try {
      const compiled = RE2JS.compile(pattern);
      patterns.set(name, (value) => compiled.matcher(value).matches());
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      const field = `templates.${template}.params.${name}.pattern`;
      throw new ApiError("CONFIGURATION_ERROR", `${field}: ${error.message}`, {
        field,
        value: pattern,
        expected: "a regular expression in RE2's syntax, without look-around and references",
      });
    }
  }
  return (name, value) => patterns.get(name)?.(value) ?? true;
}
