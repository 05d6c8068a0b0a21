/** Compares two trees of a repository: which files have changed, by how many lines, and how. */
import { type ChangedFile } from "../../domain/task_changes.ts";
import { DiffOutput, type DiffResult } from "./diff_output.ts";
import type { PlainRepository } from "./plain_repository.ts";

/** With more names, git compares everything, and what is not needed is skipped. */
const NAMES_MAX = 500;
/** Stands for bytes that are not UTF-8. Such a name cannot be given to git. */
const REPLACED = "\ufffd";

export interface ListOptions {
  /** A file, or a folder with all that is in it; literally. */
  path?: string;
  /** Lines around each change. */
  context: number;
  patch: boolean;
}

/** `from`, `to`: commits or trees. A file has the same entry whether it is asked for alone or with all others. */
export async function listChanges(
  plain: PlainRepository,
  from: string,
  to: string,
  { path, context, patch }: ListOptions,
): Promise<DiffResult> {
  const args = ["--numstat", ...patch ? ["--patch", `--unified=${context}`] : []];
  const isIn = path === undefined ? undefined : inside(path);
  if (isIn === undefined) return await compared(plain, from, to, { args });
  // Only a look at all files tells what was renamed.
  const either = ({ path, old_path }: ChangedFile) =>
    isIn(path) || (old_path !== undefined && isIn(old_path));
  const touched = await compared(plain, from, to, { args: [], wanted: either });
  const remains = touched.files.some(({ path }) => isIn(path));
  // Where nothing of that name remains, its new place is shown.
  const wanted = remains ? ({ path }: ChangedFile) => isIn(path) : either;
  const files = touched.files.filter(wanted);
  if (files.length === 0) return touched;
  const names = [...new Set(files.flatMap(({ path, old_path = path }) => [path, old_path]))];
  if (names.length <= NAMES_MAX && !names.some((name) => name.includes(REPLACED))) {
    const few = await compared(plain, from, to, { args, wanted, names });
    if (sameFiles(few.files, files)) return few;
  }
  return await compared(plain, from, to, { args, wanted });
}

interface Comparison {
  args: readonly string[];
  wanted?: (file: ChangedFile) => boolean;
  names?: readonly string[];
}

async function compared(
  plain: PlainRepository,
  from: string,
  to: string,
  { args, wanted, names = [] }: Comparison,
): Promise<DiffResult> {
  const output = new DiffOutput(wanted);
  await plain.run([
    "diff-tree",
    "-r",
    "-z",
    "--raw",
    "--no-abbrev",
    "--full-index",
    "--find-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    ...args,
    from,
    to,
    ...names.length > 0 ? ["--", ...names] : [],
  ], { take: (bytes) => output.write(bytes) });
  return output.end();
}

/** Whether a name is this path, or in this folder. */
function inside(path: string): ((name: string) => boolean) | undefined {
  const plain = path.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "");
  if (plain === "" || plain === ".") return undefined;
  return (name) => name === plain || name.startsWith(`${plain}/`);
}

function sameFiles(some: readonly ChangedFile[], others: readonly ChangedFile[]): boolean {
  return some.length === others.length && some.every((file, i) => {
    const other = others[i]!;
    return file.path === other.path && file.old_path === other.old_path && file.status === other.status;
  });
}
