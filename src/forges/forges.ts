/** The forges that are known, each by its own program. */
import type { Forges } from "../domain/forge.ts";
import { ForgeProgram, type ForgeProgramHost } from "./forge_program.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";

export function forges(host: ForgeProgramHost): Forges {
  const programs = { github: new ForgeProgram("gh", host), gitlab: new ForgeProgram("glab", host) };
  const by_kind = { github: github(programs.github), gitlab: gitlab(programs.gitlab) };
  return {
    require: (forge) => programs[forge].require(),
    find: (place, ...rest) => by_kind[place.forge].find(place, ...rest),
    create: (place, ...rest) => by_kind[place.forge].create(place, ...rest),
    edit: (place, ...rest) => by_kind[place.forge].edit(place, ...rest),
    look: (place, ...rest) => by_kind[place.forge].look(place, ...rest),
    feedback: (place, ...rest) => by_kind[place.forge].feedback(place, ...rest),
  };
}
