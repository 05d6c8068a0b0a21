/** Whether tasks can work in the projects of the configuration as it says. */
import { isInRepository } from "../../host/repository_root.ts";
import type { Config } from "../../protocol/config.ts";
import type { Finding } from "./finding.ts";
import { problemOf } from "./working_folders.ts";

/** A warning for each folder that cannot be used. The paths are absolute. */
export async function checkProjects(projects: Config["projects"]): Promise<Finding[]> {
  const findings = await Promise.all(
    Object.entries(projects).map(async ([name, project]) => {
      const { path, isolation } = project;
      const what = `projects.${name}`;
      const warnings: Finding[] = [];
      const warn = (found: string, advice: string) =>
        warnings.push({ what, state: "warn", found, advice, details: { project: name, folder: path } });
      const problem = await problemOf(path);
      if (problem !== undefined) {
        warn(`${path} ${problem}`, "Its tasks are refused. Make the folder, or name another one.");
      } else if (isolation === "worktree" && !await isInRepository(path)) {
        warn(
          `${path} is in no git repository, so that no worktree can be made of it`,
          'Its tasks are refused. Run `git init` and make a first commit there, or set isolation to "none".',
        );
      }
      return warnings;
    }),
  );
  return findings.flat();
}
