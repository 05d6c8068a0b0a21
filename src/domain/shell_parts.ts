/**
 * The parts of a shell command: what would run, one after another or one for another, as far as the text tells. It errs on the
 * side of too many parts, and says of what it cannot be sure of that it is not plain. Pure.
 */
import { bodyAt, type HereDocument, hereDocumentAt } from "./here_document.ts";
import { sumAt, variableAt } from "./shell_expansions.ts";
import { ANY_TEXT, SOME_WORDS } from "./unknown_text.ts";

/** Longer commands are not read. */
const LONGEST_COMMAND = 65_536;

/** Words without their quotes, in order. What a shell puts in for itself stands in them as unknown text. */
export type Words = readonly string[];

export interface ShellParts {
  /** Each part's words, without redirections; those of substitutions too. */
  parts: readonly Words[];
  /** One program with its arguments: no operator, redirection or substitution outside of quotes, and all quotes closed. */
  isPlain: boolean;
  /** The texts that stand in the command, as `<<END` has them. */
  bodies: readonly string[];
}

export function shellParts(command: string): ShellParts {
  if (command.length > LONGEST_COMMAND) return { parts: [], isPlain: false, bodies: [] };
  const reader = new ShellReader(command);
  reader.read();
  const { parts, isPlain, isDoubtful, bodies } = reader;
  // Where it is not certain what is quoted, what looks quoted may run.
  return { parts: isDoubtful ? [...parts, ...blindParts(command)] : parts, isPlain, bodies };
}

/** The words as a text that a shell would read as them. */
export function quoted(words: Words): string {
  return words.map((word) =>
    /^[\w@%+:,./^-][\w@%+=:,./^-]*$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
  ).join(" ");
}

function blindParts(command: string): Words[] {
  return command.split(/[;&|<>()`\n\r'"]+/)
    .map((part) => part.split(/[ \t\\]+/).filter((word) => word !== ""))
    .filter((words) => words.length > 0);
}

/** `$'`: escapes are read in it, unlike in `'`. */
type Quote = "'" | "$'" | '"' | undefined;

/** What a part has been read of. */
interface Part {
  words: string[];
  word: string | undefined;
  /** The next word is the file of a redirection. */
  isFile: boolean;
  /** Where the first brace stands in the word that is open and not quoted, and how many are. */
  brace: { at: number; open: number } | undefined;
}

/** A substitution or subshell that is open. */
interface Open {
  end: ")" | "`";
  quote: Quote;
  /** What goes on with what the substitution has printed; undefined for a subshell. */
  around: Part | undefined;
}

class ShellReader {
  readonly parts: string[][] = [];
  isPlain = true;
  /** Something may be quoted otherwise than it seems. */
  isDoubtful = false;
  readonly bodies: string[] = [];
  readonly #text: string;
  #at = 0;
  #part: Part = newPart();
  #quote: Quote;
  readonly #open: Open[] = [];
  /** Their bodies begin with the next line. */
  #documents: HereDocument[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): void {
    while (this.#at < this.#text.length) this.#step();
    this.#endPart();
    for (let open = this.#open.pop(); open !== undefined; open = this.#open.pop()) {
      if (open.around === undefined) continue;
      this.#part = open.around;
      this.#add(ANY_TEXT);
      this.#endPart();
    }
    if (this.#quote !== undefined) this.#doubt();
  }

  #step(): void {
    const char = this.#text[this.#at++]!;
    const next = this.#text[this.#at] ?? "";
    if (char === "\n" && this.#quote !== undefined) this.#documents = [];
    if (this.#quote === "'") this.#singleQuoted(char, next);
    else if (this.#quote === "$'") this.#escapeQuoted(char);
    else if (char === "\\") this.#escaped(next);
    else if (char === "`") this.#backtick();
    else if (char === "$") this.#dollar(next);
    else if (this.#quote === '"') {
      if (char === '"') this.#quote = undefined;
      else this.#add(char);
    } else this.#unquoted(char, next);
  }

  #singleQuoted(char: string, next: string): void {
    // In some shells this quote would not end here, but with the next one.
    if (char === "\\" && next === "'" && this.#text.includes("'", this.#at + 1)) this.#doubt();
    if (char === "'") this.#quote = undefined;
    else this.#add(char);
  }

  #escapeQuoted(char: string): void {
    if (char === "'") this.#quote = undefined;
    else if (char === "\\") this.#at++;
  }

  #unquoted(char: string, next: string): void {
    const { word } = this.#part;
    switch (char) {
      case "'":
      case '"':
        this.#quote = char;
        return this.#add("");
      case " ":
      case "\t":
        return this.#endWord();
      case "(":
        return this.#parenthesis();
      case ")":
        return this.#end(")");
      case "<":
      case ">":
        return this.#redirect(char, next);
      case ";":
      case "&":
      case "|":
      case "\r":
        this.isPlain = false;
        return this.#endPart();
      case "\n":
        this.isPlain = false;
        this.#endPart();
        return this.#readBodies();
      case "*":
      case "?":
        return this.#add(SOME_WORDS);
      case "[":
        // Without an end it means itself, and is the name of a program.
        if (!/^[^\s;&|<>()]*\]/.test(this.#text.slice(this.#at, this.#at + 1000))) break;
        return this.#add(SOME_WORDS);
      case "{": {
        const { brace } = this.#part;
        this.#part.brace = { at: brace?.at ?? word?.length ?? 0, open: (brace?.open ?? 0) + 1 };
        break;
      }
      case "}":
        return this.#endBrace();
      case "~":
      case "=":
        // `~user/x`, and in zsh `=program`.
        if (word === undefined && next !== "" && !/[\s;&|]/.test(next)) return this.#home(char);
        break;
      case "#":
        if (word === undefined) return this.#comment();
    }
    this.#add(char);
  }

  #home(char: string): void {
    const user = char === "~" ? /^[\w.+-]*/.exec(this.#text.slice(this.#at, this.#at + 100))![0] : "";
    this.#at += user.length;
    this.#add(SOME_WORDS);
  }

  /** `{a,b}` becomes words; `{}` and a brace that stands alone mean themselves. */
  #endBrace(): void {
    const { brace, word = "" } = this.#part;
    if (brace === undefined) return this.#add("}");
    this.#part.brace = brace.open > 1 ? { ...brace, open: brace.open - 1 } : undefined;
    if (word.length === brace.at + 1) return this.#add("}");
    this.#part.word = word.slice(0, brace.at) + ANY_TEXT;
  }

  #parenthesis(): void {
    this.isPlain = false;
    const sum = sumAt(this.#text, this.#at - 1);
    if (sum === 0) return this.#begin(")", false);
    this.#at += sum - 1;
    this.#endPart();
  }

  #dollar(next: string): void {
    const isQuoted = this.#quote === '"';
    if (next === "(") {
      this.isPlain = false;
      const sum = sumAt(this.#text, this.#at);
      this.#at += Math.max(sum, 1);
      return sum > 0 ? this.#add(SOME_WORDS) : this.#begin(")", true);
    }
    if (!isQuoted && next === "'") {
      this.#at++;
      this.#quote = "$'";
      // Not every shell reads escapes there, so it may end elsewhere.
      this.#doubt();
      return this.#add(ANY_TEXT);
    }
    if (!isQuoted && next === '"') return this.#add("");
    const variable = variableAt(this.#text, this.#at, isQuoted);
    if (variable !== undefined) {
      this.#at += variable.length;
      return this.#add(variable.text);
    }
    if (next !== "{" && next !== "[") return this.#add("$");
    // What is in it may be quoted, and may run.
    this.#doubt();
    this.#add(ANY_TEXT);
  }

  #escaped(next: string): void {
    this.#at++;
    // A line that goes on is one line to a shell, and two to who reads it.
    if (next === "\n" || next === "") {
      this.isPlain = false;
      this.#documents = [];
    } else if (this.#quote === '"' && !'$`"\\'.includes(next)) this.#add(`\\${next}`);
    else this.#add(next);
  }

  /** Double quotes do not keep a shell from running what is inside. */
  #backtick(): void {
    if (this.#open.at(-1)?.end === "`") this.#end("`");
    else this.#begin("`", true);
  }

  /** @param isSubstitution what it prints becomes part of the command around it */
  #begin(end: Open["end"], isSubstitution: boolean): void {
    this.isPlain = false;
    if (!isSubstitution) this.#endPart();
    this.#open.push({ end, quote: this.#quote, around: isSubstitution ? this.#part : undefined });
    this.#quote = undefined;
    this.#part = newPart();
  }

  #end(end: Open["end"]): void {
    this.isPlain = false;
    this.#documents = [];
    if (this.#open.at(-1)?.end !== end) {
      // The pattern of a `case`, which runs nothing.
      this.#part = newPart();
      return;
    }
    this.#endPart();
    // Where a pattern ends in a substitution, that would seem to end too.
    if (this.parts.some(([first]) => first === "case")) this.#doubt();
    const { quote, around } = this.#open.pop()!;
    this.#quote = quote;
    if (around === undefined) return;
    this.#part = around;
    this.#add(quote === '"' ? SOME_WORDS : ANY_TEXT);
  }

  #redirect(char: string, next: string): void {
    this.isPlain = false;
    const part = this.#part;
    // `2>` is a number of a file, not a word.
    if (part.word !== undefined && /^\d+$/.test(part.word)) part.word = undefined;
    this.#endWord();
    if (next === "(") {
      this.#at++;
      return this.#begin(")", true);
    }
    if (char === "<" && next === "<") {
      this.isDoubtful = true;
      const document = hereDocumentAt(this.#text, this.#at - 1);
      if (document !== undefined) {
        this.#documents.push(document);
        this.#at += document.length - 1;
        return;
      }
    }
    while (/[<>&|]/.test(this.#text[this.#at] ?? "")) this.#at++;
    part.isFile = true;
  }

  #readBodies(): void {
    for (const document of this.#documents) {
      const found = bodyAt(this.#text, this.#at, document);
      if (found === undefined) break;
      this.bodies.push(found.body);
      this.#at = found.end + 1;
    }
    this.#documents = [];
  }

  #comment(): void {
    const end = this.#text.indexOf("\n", this.#at);
    const comment = this.#text.slice(this.#at, end < 0 ? undefined : end);
    // A shell that somebody types into may read comments as commands.
    if (/[;&|`<>()]/.test(comment)) this.isPlain = false;
    this.#at += comment.length;
  }

  #doubt(): void {
    this.isPlain = false;
    this.isDoubtful = true;
  }

  #add(text: string): void {
    this.#part.word = (this.#part.word ?? "") + text;
  }

  #endWord(): void {
    const { word, isFile, words } = this.#part;
    this.#part.word = this.#part.brace = undefined;
    if (word === undefined) return;
    if (isFile) this.#part.isFile = false;
    else words.push(word);
  }

  #endPart(): void {
    this.#endWord();
    if (this.#part.words.length > 0) this.parts.push(this.#part.words);
    this.#part = newPart();
  }
}

function newPart(): Part {
  return { words: [], word: undefined, isFile: false, brace: undefined };
}
