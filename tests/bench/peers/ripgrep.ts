/** ripgrep, with which many would search a log file instead. */

const SOURCE = "apt install ripgrep";

export interface Ripgrep {
  /** "ripgrep 13.0.0". */
  title: string;
  /** How many lines of the file contain the text, without case. */
  count(text: string, file: string): Promise<number>;
}

export const MISSING = `ripgrep was not measured: it is not installed (${SOURCE})`;

/** Undefined on a machine that has none. */
export async function findRipgrep(): Promise<Ripgrep | undefined> {
  const version = await output(["--version"]);
  if (version === undefined) return undefined;
  return {
    title: /^\S+ \S+/.exec(version)![0],
    async count(text, file) {
      const printed = await output(["--count", "--ignore-case", "--fixed-strings", text, file]);
      return Number(printed);
    },
  };
}

async function output(args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("rg", { args, stdin: "null" }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
