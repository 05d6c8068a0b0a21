/** The configured projects as clients see them. */
import { isInRepository } from "../host/repository_root.ts";
import type { ProjectView } from "../protocol/project_messages.ts";
import type { ProjectCounts } from "../read/project_counts.ts";
import type { Projects } from "./projects.ts";

export class ProjectDirectory {
  readonly #projects: Pick<Projects, "all">;
  readonly #counts: Pick<ProjectCounts, "of">;

  constructor(projects: Pick<Projects, "all">, counts: Pick<ProjectCounts, "of">) {
    this.#projects = projects;
    this.#counts = counts;
  }

  /** In the order of the configuration. */
  list(): Promise<ProjectView[]> {
    return Promise.all(
      [...this.#projects.all()].map(async ({ name, path, base_branch, agent, isolation }) => ({
        name,
        path,
        is_git: await isInRepository(path),
        base_branch,
        agent,
        isolation,
        tasks: { ...this.#counts.of(name) },
      })),
    );
  }
}
