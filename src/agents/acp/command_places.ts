/**
 * The places that a shell command names. It is no parser of shells: a command can hide where it writes, and only a
 * sandbox holds it. What is found here is what a person would see at a glance. Pure.
 */

/** Standard places that are no one's files. */
const DEVICES = /^\/dev\/(null|zero|full|random|urandom|stdin|stdout|stderr|tty|fd\/\d+)$/;
/** Where programs are. A program there may be run by its path. */
const PROGRAMS = /^\/(usr\/(local\/)?|opt\/homebrew\/)?s?bin\/[\w.+-]+$/;

/** An address is no path. Those of files are. */
const ADDRESS = /\b(?!file:)[a-z][a-z0-9+.-]*:\/\/[^\s'"`<>|;&()]*/gi;
/** What separates words, or the parts of one, such as `--out=/x`. */
const SEPARATORS = /[\s'"`\\=:,;&|<>(){}[\]$@#]+/;

/** Variables whose value is known. */
export interface KnownVariables {
  PWD: string;
  TMPDIR: string;
}

/**
 * Paths, absolute or relative to the folder of the command, in the order of the text. `~` stands for the home folder,
 * also where a command names it otherwise.
 */
export function placesInCommand(command: string, known: KnownVariables): string[] {
  const text = command
    .replace(ADDRESS, " ")
    .replace(/\bfile:\/\/(localhost)?(?=\/)/gi, " ")
    .replace(/\$\{?(PWD|TMPDIR)\b(:?-[^}]*)?\}?/g, (_, name: keyof KnownVariables) => known[name])
    .replace(/\$\{?(HOME|OLDPWD)\b(:?-[^}]*)?\}?/g, " ~")
    // `cd` alone goes home.
    .replace(/(^|[;&|(){}\s])cd\s*(?=$|[;&|)}\n])/g, "$1cd ~ ")
    .replace(/^#!.*/gm, "");
  return [...new Set(withoutPrograms(text).split(SEPARATORS).flatMap(placeOf))];
}

/** The text without paths of programs where a command begins. */
function withoutPrograms(text: string): string {
  return text.replace(
    /(^|[;&|(){}\n`]|\$\()(\s*(?:\w+=\S*\s+)*)(\/[\w.+/-]+)/g,
    (all, before: string, space: string, path: string) => PROGRAMS.test(path) ? `${before}${space}` : all,
  );
}

function placeOf(word: string): string[] {
  // `-I/usr/include` and `-o../x` name a place too.
  const place = word.startsWith("-") ? /^-+\w*?((?:\/|~|\.\.?(?=\/|$)).*)$/.exec(word)?.[1] : word;
  if (place === undefined || place === "" || DEVICES.test(place)) return [];
  return [place];
}
