/** At which forge the pull requests of a task are. */
import { fieldProblem } from "../../domain/field_problem.ts";
import type { ForgePlace } from "../../domain/forge.ts";
import type { Project } from "../../domain/project.ts";
import { forgeOf, type RemotePlace, remotePlace } from "../../domain/remote_url.ts";

/**
 * The forge that the project names, else the one of the remote's host. `addresses`: of the remote. Throws
 * `INVALID_FIELD_VALUE` if there is none.
 */
export function forgePlace(
  task_id: string,
  folder: string,
  remote: string,
  addresses: readonly string[],
  project: Pick<Project, "forge"> | undefined,
): ForgePlace {
  const places = addresses.map(remotePlace).filter((place) => place !== undefined);
  if (project?.forge === "none") {
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "task_id",
      task_id,
      "a task of a project with a forge",
      `The project of task '${task_id}' has no pull requests: its 'forge' is "none"`,
      { forge: "none" },
    );
  }
  if (project?.forge) return { forge: project.forge, repository: repositoryOf(places[0]), folder };
  for (const place of places) {
    const forge = forgeOf(place.host);
    if (forge) return { forge, repository: repositoryOf(place), folder };
  }
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "remote",
    remote,
    "a remote at GitHub or GitLab",
    places[0] === undefined
      ? `The address of the remote '${remote}' does not say at which forge it is: set 'forge' in the project's configuration`
      : `Whether '${
        places[0].host
      }' is GitHub or GitLab is not known: set 'forge' in the project's configuration`,
    { host: places[0]?.host ?? null },
  );
}

function repositoryOf(place: RemotePlace | undefined): string | undefined {
  return place && `${place.host}/${place.path}`;
}
