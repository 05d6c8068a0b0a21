/** Finds the marks that git leaves in files where both sides have changed the same. */
import type { Git } from "./git.ts";
import { isReplaced } from "./raw_paths.ts";

/** How many files are named to git, whose command line has a bound. */
const NAMED_MAX = 500;

/** Those of the files that have marks in this commit. */
export async function filesWithMarks(
  git: Git,
  common_dir: string,
  commit: string,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  if (files.length === 0) return [];
  const asked = ["grep", "-l", "-z", "-I", "-e", "^<<<<<<< ", "-e", "^>>>>>>> ", commit, "--"];
  // By a name that is not UTF-8, no file can be asked for: then all are looked at.
  const isAsked = files.length <= NAMED_MAX && !files.some(isReplaced);
  const literal = isAsked ? files.map((file) => `:(top,literal)${file}`) : [];
  const found = await git.fields({ git_dir: common_dir }, [...asked, ...literal], { signal, accepts: [1] });
  const wanted = new Set(files);
  return found.map((name) => name.slice(commit.length + 1)).filter((name) => wanted.has(name));
}
