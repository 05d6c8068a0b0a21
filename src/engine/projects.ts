/**
 * Which project of the configuration a task belongs to, and what it gets from it. `metadata.project` names it; else it is the
 * innermost one in whose folder the task works, with symbolic links resolved.
 */
import { isAbsolute, join } from "node:path";
import { type Clock, within } from "../clock/clock.ts";
import { executionIn, type NamedProject, type Project } from "../domain/project.ts";
import type { Execution, NewTask } from "../domain/task.ts";
import { holdsSlot, type TaskRecord, type TaskSpec } from "../domain/task_record.ts";
import { isFinished } from "../domain/task_values.ts";
import type { FolderSystem } from "../host/folder_looks.ts";
import { isInside } from "../domain/path_inside.ts";
import { type Home, placeOf } from "../protocol/places.ts";

/** What decides about a task's project. */
export interface Belonging {
  spec: Pick<NewTask, "type" | "execution" | "metadata"> & Pick<Partial<TaskSpec>, "folder">;
}

export interface TaskSettings {
  /** The project that the task belongs to. */
  projectOf(task: Belonging): NamedProject | undefined;
  /** What the task says about its execution, with its project's values where it says nothing. */
  executionOf(task: Belonging): Execution;
  /** The folder in which the task's folder must be, besides the allowed ones: for one that is relative to its project. */
  boundOf(task: Belonging): string | undefined;
  /** The agent that runs the task. */
  agentFor(task: Belonging): string;
  /** Looks again where the projects' folders really are, unless that was just done. */
  refresh(): Promise<void>;
}

export interface ProjectsOptions {
  clock: Clock;
  /** Throws what cannot be found, or does not answer. */
  realPath: FolderSystem["realPath"];
  /** By name, with absolute paths. */
  projects: Readonly<Record<string, Project>>;
  /** The folder of tasks that name none. */
  default_dir: string;
  /** Where relative folders of tasks start that name no project, and what `~` stands for. */
  base: string;
  home: Home;
  /** The agent for tasks of this type, where neither they nor their project name one. */
  agentByType(type: NewTask["type"]): string;
}

/** Meanwhile a link may have come to lead elsewhere, or a folder have been made. */
const FRESH_MS = 10_000;
/** A drive that hangs does not keep tasks from being accepted. */
const LOOK_MAX_MS = 2000;

export class Projects implements TaskSettings {
  readonly #options: ProjectsOptions;
  readonly #byName: ReadonlyMap<string, NamedProject>;
  /** The longest paths first. */
  #places: readonly { project: NamedProject; path: string }[];
  #default_dir: string;
  #fresh_until_ms = -Infinity;
  #changed: () => void = () => {};
  /** By spec, since those of a record never change. */
  #known = new WeakMap<object, NamedProject | null>();
  #executions = new WeakMap<object, Execution>();

  constructor(options: ProjectsOptions) {
    this.#options = options;
    const projects = Object.entries(options.projects).map(([name, project]) => ({ ...project, name }));
    this.#byName = new Map(projects.map((project) => [project.name, project]));
    this.#default_dir = options.default_dir;
    this.#places = innermostFirst(projects.map((project) => ({ project, path: project.path })));
  }

  all(): Iterable<NamedProject> {
    return this.#byName.values();
  }

  /** `changed` is called when tasks may have come to belong to other projects. */
  listen(changed: () => void): void {
    this.#changed = changed;
  }

  async refresh(): Promise<void> {
    const { clock, default_dir, realPath } = this.#options;
    if (this.#byName.size === 0 || clock.monotonic() < this.#fresh_until_ms) return;
    this.#fresh_until_ms = clock.monotonic() + FRESH_MS;
    const real = (path: string) => within(clock, LOOK_MAX_MS, realPath(path).catch(() => path), path);
    const [folder, places] = await Promise.all([
      real(default_dir),
      Promise.all([...this.all()].map(async (project) => ({ project, path: await real(project.path) }))),
    ]);
    const next = innermostFirst(places);
    const isSame = folder === this.#default_dir &&
      next.every(({ project, path }, i) =>
        this.#places[i]!.project === project && this.#places[i]!.path === path
      );
    if (isSame) return;
    this.#places = next;
    this.#default_dir = folder;
    this.#known = new WeakMap();
    this.#executions = new WeakMap();
    this.#changed();
  }

  projectOf({ spec }: Belonging): NamedProject | undefined {
    if (this.#byName.size === 0) return undefined;
    const known = this.#known.get(spec);
    if (known !== undefined) return known ?? undefined;
    const project = this.#named(spec) ?? this.#around(spec);
    this.#known.set(spec, project ?? null);
    return project;
  }

  executionOf({ spec }: Belonging): Execution {
    const own = spec.execution ?? {};
    const project = this.projectOf({ spec });
    if (!project) return own;
    const known = this.#executions.get(spec);
    if (known) return known;
    const execution = executionIn(project, own, project.agent ?? this.#options.agentByType(spec.type));
    if (this.#named(spec)) execution.working_dir = folderIn(project, own.working_dir);
    this.#executions.set(spec, execution);
    return execution;
  }

  boundOf({ spec }: Belonging): string | undefined {
    const { working_dir } = spec.execution ?? {};
    return working_dir === undefined || isWhole(working_dir) ? undefined : this.#named(spec)?.path;
  }

  agentFor(task: Belonging): string {
    return this.executionOf(task).agent ?? this.#options.agentByType(task.spec.type);
  }

  #named({ metadata }: Belonging["spec"]): NamedProject | undefined {
    return metadata?.project === undefined ? undefined : this.#byName.get(metadata.project);
  }

  #around({ folder, execution }: Belonging["spec"]): NamedProject | undefined {
    const path = folder ?? this.#folderOf(execution?.working_dir);
    return path === undefined ? undefined : this.#places.find((place) => isInside(place.path, path))?.project;
  }

  #folderOf(working_dir: string | undefined): string | undefined {
    if (working_dir === undefined) return this.#default_dir;
    const place = placeOf(working_dir, this.#options.base, this.#options.home);
    return "path" in place ? place.path : undefined;
  }
}

/** The agent that runs the task, or has run it; before that, the one that would run it. */
export function agentOf(task: TaskRecord, settings: Pick<TaskSettings, "agentFor">): string {
  const { state } = task;
  const last = isFinished(state.status) || holdsSlot(state) ? state.attempts.at(-1) : undefined;
  return last?.agent ?? settings.agentFor(task);
}

function innermostFirst<Place extends { path: string }>(places: Place[]): Place[] {
  return places.toSorted((a, b) => b.path.length - a.path.length);
}

/** The folder of a task that names the project. */
function folderIn({ path }: Project, working_dir = "."): string {
  return isWhole(working_dir) ? working_dir : join(path, working_dir);
}

/** Whether it is relative to nothing. */
function isWhole(working_dir: string): boolean {
  return isAbsolute(working_dir) || working_dir.startsWith("~");
}
