/** What a make of agent keeps in one folder: it may change that, but not what it, or another program, obeys outside a sandbox. */
import type { KeptPlaces } from "../../host/sandbox/view.ts";

/** `guards`: files and folders in it, those with a slash at the end. */
export function keptIn(folder: string, guards: readonly string[]): KeptPlaces {
  return { writes: [`${folder}/`], guards: guards.map((name) => `${folder}/${name}`) };
}

/** The folders of OpenCode and its kin. Its settings and plugins are elsewhere. */
export function keptByOpenCode(name: string) {
  return (
    { HOME, XDG_DATA_HOME = `${HOME}/.local/share`, XDG_STATE_HOME = `${HOME}/.local/state` }: Readonly<
      Record<string, string>
    >,
  ): KeptPlaces => {
    // The language servers that it has fetched.
    const { writes, guards } = keptIn(`${XDG_DATA_HOME}/${name}`, ["bin/"]);
    return { writes: [...writes, `${XDG_STATE_HOME}/${name}/`], guards };
  };
}
