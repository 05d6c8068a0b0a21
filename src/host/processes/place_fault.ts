/** What keeps a path from being that of a program: what is there, its mode, its file system, and the folders above it. */
import { dirname } from "node:path";
import { enterFolder } from "../enter_folder.ts";
import type { Fault } from "./binary_fault.ts";
import { noexecMount } from "./noexec.ts";

/** What is wrong with a program, or with the interpreter that its first line names. */
export interface ProgramFault extends Fault {
  /** The file or folder that is at fault. */
  path: string;
}

/** Why what is at this path may not be run, whatever is in it. Undefined if it may. */
export async function faultOfPlace(path: string): Promise<ProgramFault | undefined> {
  const { NotFound, NotADirectory, FilesystemLoop, PermissionDenied } = Deno.errors;
  try {
    const file = await Deno.stat(path);
    if (file.isDirectory) {
      const problem = `'${path}' is a folder, not a program`;
      return { reason: "is_folder", problem, advice: "name the program itself", path };
    }
    // To look into a pipe would take until somebody writes to it.
    if (!file.isFile) {
      const problem = `'${path}' is a pipe, socket or device, not a program`;
      return { reason: "not_a_file", problem, advice: "name the program itself", path };
    }
    if (!mayExecute(file)) {
      const problem = `'${path}' has no permission to be executed${
        file.uid === Deno.uid() ? "" : " by this account"
      }`;
      return { reason: "not_executable", problem, advice: `grant it with chmod +x '${path}'`, path };
    }
    const mount = await noexecMount(path);
    if (mount !== undefined) {
      const problem = `'${path}' is on the file system at '${mount}', which allows no programs (noexec)`;
      return {
        reason: "noexec",
        problem,
        advice: "install the program elsewhere, or mount it with exec",
        path,
      };
    }
  } catch (error) {
    if (error instanceof NotFound) return await missing(path);
    if (error instanceof FilesystemLoop) {
      const problem = `'${path}' leads to itself through symbolic links`;
      return { reason: "link_loop", problem, advice: "replace the link by one to the program", path };
    }
    if (error instanceof NotADirectory) {
      const problem = `a part of '${path}' is a file, not a folder`;
      return { reason: "missing", problem, advice: "correct the path", path };
    }
    if (error instanceof PermissionDenied) return closedFolder(path, await firstClosedFolder(dirname(path)));
    if (isNameTooLong(error)) {
      const problem = `'${path}' is longer than a path can be`;
      return { reason: "missing", problem, advice: "correct the path", path };
    }
    throw error;
  }
}

function isNameTooLong(error: unknown): boolean {
  return error instanceof Error && (error as { code?: string }).code === "ENAMETOOLONG";
}

/** Whether one of the bits is set that count for this account. Of its groups only the first is known. */
function mayExecute({ mode, uid }: Deno.FileInfo): boolean {
  if (mode === null) return true;
  const own = Deno.uid();
  return (mode & (own === 0 ? 0o111 : uid === own ? 0o100 : 0o011)) !== 0;
}

async function missing(path: string): Promise<ProgramFault> {
  const target = await Deno.readLink(path).catch(() => undefined);
  if (target !== undefined) {
    const problem = `'${path}' is a symbolic link to '${target}', which does not exist`;
    return { reason: "dangling_link", problem, advice: "install the program that it leads to again", path };
  }
  return { reason: "missing", problem: `there is no file '${path}'`, advice: "correct the path", path };
}

/** The fault of something below a folder that may not be entered. */
export function closedFolder(path: string, folder: string | undefined): ProgramFault {
  return {
    reason: "folder_closed",
    problem: `'${path}' is in a folder that this account may not enter${folder ? `: '${folder}'` : ""}`,
    advice: `grant the account the permission to enter it${folder ? `, such as chmod o+x '${folder}'` : ""}`,
    path: folder ?? path,
  };
}

/** The first folder on the way to `folder`, itself included, that this account may not enter; undefined for none. */
export async function firstClosedFolder(folder: string): Promise<string | undefined> {
  const parent = dirname(folder);
  const above = parent === folder ? undefined : await firstClosedFolder(parent);
  if (above !== undefined) return above;
  try {
    await enterFolder(folder);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return folder;
  }
}
