/** Whether a disk has room for the files of a commit. git itself does not say why it could not write a file. */
import { ApiError } from "../domain/errors.ts";
import { diskFigures } from "../host/resources/disk.ts";
import { bytes } from "../protocol/formats.ts";
import type { Git } from "./git.ts";
import type { ProgramHost } from "./project_programs.ts";

/** What a file takes is a multiple of this on most file systems. */
const BLOCK = 4096;

/** The error for a worktree that could not be made since there is no room for it; `error` itself if that was not the reason. */
export async function roomError(
  { git, programs, root }: { git: Git; programs: Pick<ProgramHost, "clock">; root: string },
  common_dir: string,
  commit: string,
  error: unknown,
): Promise<unknown> {
  try {
    const { disk_free = Infinity } = await diskFigures(programs.clock, root);
    const needed = await sizeOf(git, common_dir, commit);
    if (needed <= disk_free) return error;
    return new ApiError(
      "DISK_SPACE_EXCEEDED",
      `No space left on device: the worktree takes ${bytes(needed)}, and ${root} has ${
        bytes(disk_free)
      } left`,
      { file_path: root, operation: "git worktree add" },
    );
  } catch {
    // The first error says more.
    return error;
  }
}

/** What the files of a commit take, in bytes. */
async function sizeOf(git: Git, common_dir: string, commit: string): Promise<number> {
  let sum = 0;
  const lines = await git.fields({ git_dir: common_dir }, [
    "ls-tree",
    "-r",
    "-l",
    "-z",
    "--full-tree",
    commit,
  ]);
  for (const line of lines) {
    // `100644 blob HASH    SIZE\tNAME`; a submodule has no size.
    const size = Number(line.slice(0, line.indexOf("\t")).split(/\s+/)[3]);
    if (size > 0) sum += Math.ceil(size / BLOCK) * BLOCK;
  }
  return sum;
}
