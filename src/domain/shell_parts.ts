/**
 * The parts of a shell command: what would run, one after another or one for another, as far as the text tells. It errs on the
 * side of too many parts, and says of what it cannot be sure of that it is not plain. Pure.
 */

/** Longer commands are not read. */
const LONGEST_COMMAND = 65_536;

/** Words without their quotes, in order. */
export type Words = readonly string[];

export interface ShellParts {
  /** Each part's words, without redirections; those of substitutions too. */
  parts: readonly Words[];
  /** One program with its arguments: no operator, redirection or substitution outside of quotes, and all quotes closed. */
  isPlain: boolean;
}

export function shellParts(command: string): ShellParts {
  if (command.length > LONGEST_COMMAND) return { parts: [], isPlain: false };
  const reader = new ShellReader(command);
  reader.read();
  const { parts, isPlain, isDoubtful } = reader;
  // Where it is not certain what is quoted, what looks quoted may run.
  return { parts: isDoubtful ? [...parts, ...blindParts(command)] : parts, isPlain };
}

/** The words as a text that a shell would read as them. */
export function quoted(words: Words): string {
  return words.map((word) =>
    /^[\w@%+=:,./*?{}[\]~^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
  ).join(" ");
}

function blindParts(command: string): Words[] {
  return command.split(/[;&|<>()`\n\r'"]+/)
    .map((part) => part.split(/[ \t\\]+/).filter((word) => word !== ""))
    .filter((words) => words.length > 0);
}

type Quote = "'" | '"' | undefined;

class ShellReader {
  readonly parts: string[][] = [];
  isPlain = true;
  /** Something may be quoted otherwise than it seems. */
  isDoubtful = false;
  readonly #text: string;
  #at = 0;
  #words: string[] = [];
  #word: string | undefined;
  #quote: Quote;
  /** The next word is the file of a redirection. */
  #isFile = false;
  /** The substitutions that are open: what ends each, and the quote around it. */
  readonly #open: { end: ")" | "`"; quote: Quote }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): void {
    while (this.#at < this.#text.length) this.#step();
    this.#endPart();
    if (this.#quote === undefined) return;
    this.isPlain = false;
    this.isDoubtful = true;
  }

  #step(): void {
    const char = this.#text[this.#at++]!;
    const next = this.#text[this.#at] ?? "";
    if (char === "\0") this.isPlain = false;
    if (this.#quote === "'") {
      if (char === "'") this.#quote = undefined;
      else this.#add(char);
    } else if (char === "\\") this.#escaped(next);
    else if (char === "`") this.#backtick();
    else if (char === "$" && next === "(") {
      this.#at++;
      this.#begin(")");
    } else if (this.#quote === '"') {
      if (char === '"') this.#quote = undefined;
      else this.#add(char);
    } else this.#unquoted(char, next);
  }

  #unquoted(char: string, next: string): void {
    switch (char) {
      case "'":
      case '"':
        // $'…' has escapes, which may keep it from ending here.
        if (char === "'" && this.#word?.endsWith("$")) this.#doubt();
        this.#quote = char;
        return this.#add("");
      case " ":
      case "\t":
        return this.#endWord();
      case "(":
        return this.#begin(")");
      case ")":
        return this.#end(")");
      case "<":
      case ">":
        return this.#redirect(char, next);
      case ";":
      case "&":
      case "|":
      case "\n":
      case "\r":
        this.isPlain = false;
        return this.#endPart();
      case "#":
        if (this.#word === undefined) return this.#comment();
    }
    this.#add(char);
  }

  #escaped(next: string): void {
    this.#at++;
    // A line that goes on is one line to a shell, and two to who reads it.
    if (next === "\n" || next === "") this.isPlain = false;
    else if (this.#quote === '"' && !'$`"\\'.includes(next)) this.#add(`\\${next}`);
    else this.#add(next);
  }

  /** Double quotes do not keep a shell from running what is inside. */
  #backtick(): void {
    if (this.#open.at(-1)?.end === "`") this.#end("`");
    else this.#begin("`");
  }

  #begin(end: ")" | "`"): void {
    this.isPlain = false;
    this.#open.push({ end, quote: this.#quote });
    this.#quote = undefined;
    this.#endPart();
  }

  #end(end: ")" | "`"): void {
    this.isPlain = false;
    this.#endPart();
    if (this.#open.at(-1)?.end === end) this.#quote = this.#open.pop()!.quote;
  }

  #redirect(char: string, next: string): void {
    this.isPlain = false;
    if (char === "<" && next === "<") this.isDoubtful = true;
    // `2>` is a number of a file, not a word.
    if (this.#word !== undefined && /^\d+$/.test(this.#word)) this.#word = undefined;
    this.#endWord();
    if (next === "(") return;
    while (/[<>&|]/.test(this.#text[this.#at] ?? "")) this.#at++;
    this.#isFile = true;
  }

  #comment(): void {
    const end = this.#text.indexOf("\n", this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #doubt(): void {
    this.isPlain = false;
    this.isDoubtful = true;
  }

  #add(text: string): void {
    this.#word = (this.#word ?? "") + text;
  }

  #endWord(): void {
    if (this.#word === undefined) return;
    if (this.#isFile) this.#isFile = false;
    else this.#words.push(this.#word);
    this.#word = undefined;
  }

  #endPart(): void {
    this.#endWord();
    this.#isFile = false;
    if (this.#words.length > 0) this.parts.push(this.#words);
    this.#words = [];
  }
}
