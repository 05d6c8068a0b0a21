/** What `deno task test` checks and `deno task fmt` formats. */

/**
 * Listed, not `.`: other files at the root are not ours. Each room is listed by itself: in a folder that contains a
 * workspace member (`src`), `deno fmt` and `deno lint` check only that member.
 */
const ROOMS = [...Deno.readDirSync(new URL("../src", import.meta.url))].map(({ name }) => `src/${name}`);

export const SOURCES = ["main.ts", ...ROOMS, "tests", "scripts", "deploy"];

export const FORMATTED = ["deno.json", ...SOURCES];
