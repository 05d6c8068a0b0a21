/** git with other options than its caller gives. */
import type { Git, GitOptions } from "../git.ts";

export function adaptedGit(git: Git, adapt: (options: GitOptions) => GitOptions): Git {
  return {
    run: (place, args, options = {}) => git.run(place, args, adapt(options)),
    text: (place, args, options = {}) => git.text(place, args, adapt(options)),
    line: (place, args, options = {}) => git.line(place, args, adapt(options)),
    fields: (place, args, options = {}) => git.fields(place, args, adapt(options)),
  };
}
