/** The terminal as the commands see it: small enough that a test can be one. */

export interface Terminal {
  /** To stdout, as it is. */
  out(text: string): void;
  /** To stderr, as it is. */
  err(text: string): void;
  /** Whether stdout is read by a person. */
  readonly isTTY: boolean;
  /** Whether a person can be asked something. */
  readonly canAsk: boolean;
  readonly columns: number;
  readonly colors: boolean;
  /** The next line typed; undefined when the input has ended. One reader at a time. */
  readLine(): Promise<string | undefined>;
}

const DEFAULT_COLUMNS = 100;

/** This process's own terminal. */
export function systemTerminal(): Terminal {
  const isTTY = Deno.stdout.isTerminal();
  let lines: AsyncGenerator<string, undefined> | undefined;
  return {
    out: (text) => write(Deno.stdout, text),
    err: (text) => write(Deno.stderr, text),
    isTTY,
    canAsk: isTTY && Deno.stdin.isTerminal(),
    get columns() {
      return isTTY ? Deno.consoleSize().columns : DEFAULT_COLUMNS;
    },
    colors: isTTY && !Deno.env.get("NO_COLOR") && Deno.env.get("TERM") !== "dumb",
    readLine: async () => (await (lines ??= linesOf(Deno.stdin.readable)).next()).value,
  };
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
  } catch (error) {
    // The reader has left (`… | head`): nobody is there to tell anything to.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    throw error;
  }
}

async function* linesOf(input: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (
    const chunk of input.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
  ) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines.map((line) => line.replace(/\r$/, ""));
  }
}

/**
 * Text from elsewhere, safe to print: agents and tasks could hold escape sequences that rewrite the screen.
 * Line ends and tabs stay.
 */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- these are what is looked for
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/** The same on one line. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, " ")).trim();
}

/** At most `width` characters, the last being … when something was cut. */
export function cut(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : characters.slice(0, Math.max(0, width - 1)).join("") + "…";
}
