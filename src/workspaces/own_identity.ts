/** Who commits: as git is configured, else this program. */
import type { Git, GitPlace } from "./git.ts";

const NAME = "opencode-agents";
const EMAIL = "opencode-agents@localhost";

/** For commits that are never kept: always the same, so that the same merge makes the same objects. */
export const OWN_IDENTITY: Record<string, string> = {
  GIT_AUTHOR_NAME: NAME,
  GIT_AUTHOR_EMAIL: EMAIL,
  GIT_AUTHOR_DATE: "@0 +0000",
  GIT_COMMITTER_NAME: NAME,
  GIT_COMMITTER_EMAIL: EMAIL,
  GIT_COMMITTER_DATE: "@0 +0000",
};

/** git leaves such characters out at the ends of a name, and refuses one that has no others. */
// deno-lint-ignore no-control-regex -- these are among them
const LEFT_OUT = /^[\x00-\x20.,:;<>"\\']*$/;

/** Variables that say who commits; none if git is configured for it. */
export async function identityOf(git: Git, place: GitPlace): Promise<Record<string, string>> {
  const set = async (name: string) =>
    !LEFT_OUT.test(await git.line(place, ["config", "--get", name], { accepts: [1] }));
  if (await set("user.name") && await set("user.email")) return {};
  return {
    GIT_AUTHOR_NAME: NAME,
    GIT_AUTHOR_EMAIL: EMAIL,
    GIT_COMMITTER_NAME: NAME,
    GIT_COMMITTER_EMAIL: EMAIL,
  };
}
