/** Reads from a prompt which files the demo agent is to write. Pure. */

/** One change of a file in the session's folder. */
export interface DemoEdit {
  /** Inside the folder, without `..`. */
  file: string;
  title: string;
  /** The file's new text. `old` is null if there is no such file; `at` is the time, as in ISO 8601. */
  change(old: string | null, at: string): string;
}

/** A relative path with an extension or a folder: the first word after a fence may also be a language. */
const PATH = /^(?!.*\.\.)(?=.*[./])[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/;
/** A fenced block whose first line names a file. */
const BLOCK = /^```([^\s`]+)\n([^]*?)^```$/gm;
/** The head of a review comment, the lines that it is about, and what it says. */
const COMMENT =
  /^### \d+\. `([^`]+)`, lines? (\d+)(?:-(\d+))?\n\n(?:(`{3,})\n[^]*?\n\4\n\n)?([^]*?)(?=\n+### \d+\. |\n*$(?![^]))/gm;

/** Each file that the prompt shows in a block. */
export function writtenFiles(prompt: string): DemoEdit[] {
  return [...prompt.matchAll(BLOCK)].filter(([, file]) => PATH.test(file!)).map(([, file, text]) => ({
    file: file!,
    title: `Write ${file}`,
    change: () => text!,
  }));
}

/** For each review comment, the note that the agent leaves below the lines. It understands no words. */
export function answeredComments(prompt: string): DemoEdit[] {
  return [...prompt.matchAll(COMMENT)].filter(([, file]) => PATH.test(file!)).map((
    [, file, line, end, , text],
  ) => ({
    file: file!,
    title: `Answer the comment on ${file}, line ${line}`,
    change: (old) => {
      const lines = (old ?? "").split("\n");
      const at = Number(end ?? line);
      const indent = /^\s*/.exec(lines[at - 1] ?? "")![0];
      lines.splice(at, 0, indent + noteIn(file!, text!));
      return lines.join("\n");
    },
  }));
}

/** A message without anything else to do is noted at the end of the file that the agent has last written. */
export function notedMessage(prompt: string, file: string): DemoEdit {
  return {
    file,
    title: `Note it in ${file}`,
    change: (old) => `${old ?? ""}${noteIn(file, prompt)}\n`,
  };
}

/** The first line of a text, as a comment where the file is code. */
function noteIn(file: string, text: string): string {
  const line = text.trim().split("\n")[0]!.trim();
  return /\.[jt]s$/.test(file) ? `// Asked: ${line}` : `Asked: ${line}`;
}
