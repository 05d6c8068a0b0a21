/** The project of the folder in which a command is given. */
import type { Command } from "commander";
import type { HttpClient } from "../client/http.ts";
import { ApiError } from "../domain/errors.ts";
import { isInside } from "../domain/path_inside.ts";

export interface ProjectFlags {
  /** A name; false: not that of the current folder. */
  project?: string | false;
}

/** `--project NAME` and `--no-project`, whose meanings the command names. */
export function addProjectOptions(command: Command, chosen: string, none: string): Command {
  return command.option("--project <name>", chosen).option("--no-project", none);
}

/** The project that the flags name, else the innermost one that the current folder is in. */
export async function chosenProject(
  server: Pick<HttpClient, "request">,
  { project }: ProjectFlags,
  cwd: string,
): Promise<string | undefined> {
  if (project === false) return undefined;
  return project ?? await projectAround(server, cwd);
}

async function projectAround(
  server: Pick<HttpClient, "request">,
  cwd: string,
): Promise<string | undefined> {
  const projects = await knownProjects(server);
  if (projects.length === 0) return undefined;
  const here = await real(cwd);
  let innermost: { name: string; path: string } | undefined;
  for (const { name, path: written } of projects) {
    const path = await real(written);
    if (isInside(path, here) && path.length > (innermost?.path.length ?? -1)) innermost = { name, path };
  }
  return innermost?.name;
}

/** None if the server is older, or the key may not read. The command itself then says so. */
async function knownProjects(server: Pick<HttpClient, "request">): Promise<{ name: string; path: string }[]> {
  try {
    return (await server.request("list_projects", {})).projects;
  } catch (error) {
    if (error instanceof ApiError && error.code !== "CONNECTION_LOST") return [];
    throw error;
  }
}

/** The path itself where it leads nowhere, as that of another machine. */
async function real(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    return path;
  }
}
