/** Finds the marks that git leaves in files where both sides have changed the same. */
import type { Git } from "./git.ts";

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
  const literal = files.map((file) => `:(top,literal)${file}`);
  const found = await git.fields({ git_dir: common_dir }, [...asked, ...literal], { signal, accepts: [1] });
  return found.map((name) => name.slice(commit.length + 1));
}
