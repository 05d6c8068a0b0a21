/** Why the system cannot run a program. The system's own error is only a number, so the program's file is looked at. */
import { basename, delimiter, isAbsolute, join } from "node:path";
import { binaryFault } from "./binary_fault.ts";
import { faultOfPlace, type ProgramFault } from "./place_fault.ts";

/** Longer than any first line that a system reads, and than what a binary's loader is named in. */
const HEAD_BYTES = 4096;
/** Linux reads no more of a script's first line, `#!` included. */
const FIRST_LINE_BYTES = 255;
/** A script may be run by a script, and so on, but not forever. */
const MOST_INTERPRETERS = 4;

/**
 * What keeps the system from running `program`, which is a path or a name to look for in the folders of `search`.
 * Undefined if nothing is found to be wrong, also if this process may not look.
 */
export async function programFault(program: string, search: string): Promise<ProgramFault | undefined> {
  if (Deno.build.os === "windows") return undefined;
  // Where a relative path or an empty PATH leads is the system's to decide.
  if (program.includes("/") ? !isAbsolute(program) : search === "") return undefined;
  try {
    return await faultOf(program, search, MOST_INTERPRETERS);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

async function faultOf(program: string, search: string, depth: number): Promise<ProgramFault | undefined> {
  if (program === "") {
    const problem = "the command names no program";
    return { reason: "missing", problem, advice: "name one", path: program };
  }
  if (program.includes("/")) return await faultOfFile(program, search, depth);
  let closest: ProgramFault | undefined;
  for (const folder of search.split(delimiter).filter(isAbsolute)) {
    const path = join(folder, program);
    const found = await faultOfPlace(path);
    if (found === undefined) return await faultOfContent(path, search, depth);
    // What is there but cannot be run says more than that nothing is there.
    if (found.reason !== "missing") closest ??= found;
  }
  return closest ?? {
    reason: "missing",
    problem: `there is no program '${program}' on PATH`,
    advice: `install it, or name its full path; PATH is '${search}'`,
    path: program,
  };
}

async function faultOfFile(path: string, search: string, depth: number): Promise<ProgramFault | undefined> {
  return await faultOfPlace(path) ?? await faultOfContent(path, search, depth);
}

/** Whether the system can run what is in the file. */
async function faultOfContent(
  path: string,
  search: string,
  depth: number,
): Promise<ProgramFault | undefined> {
  const head = await headOf(path);
  if (head === undefined) return undefined;
  if (head.length === 0) {
    const problem = `'${path}' is an empty file`;
    return { reason: "empty", problem, advice: "install the program again", path };
  }
  if (head[0] !== 0x23 || head[1] !== 0x21) {
    const fault = await binaryFault(path, head);
    return fault && { ...fault, path };
  }
  const first_line = new TextDecoder().decode(head.subarray(2)).split("\n", 1)[0]!;
  return await faultOfFirstLine(path, first_line, search, depth);
}

/** The beginning of the file; undefined if it may be run but not read. */
async function headOf(path: string): Promise<Uint8Array | undefined> {
  try {
    using file = await Deno.open(path);
    const buffer = new Uint8Array(HEAD_BYTES);
    return buffer.subarray(0, await file.read(buffer) ?? 0);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/** `line`: a script's first line, from after `#!`. */
async function faultOfFirstLine(
  path: string,
  line: string,
  search: string,
  depth: number,
): Promise<ProgramFault | undefined> {
  const [interpreter = "", ...args] = line.trim().split(/[ \t]+/);
  const reason = "bad_interpreter";
  if (isCut(line, interpreter)) {
    return {
      reason,
      problem: `the first line of '${path}' is too long: the system reads ${FIRST_LINE_BYTES} bytes of it`,
      advice: "use a shorter path, such as a link to the interpreter, or run the interpreter with the script",
      path,
    };
  }
  const says = `the first line of '${path}' (#!${line.trim()})`;
  if (line.endsWith("\r")) {
    return {
      reason,
      problem: `${says} ends with a carriage return, as on Windows`,
      advice: `convert the file, such as with sed -i 's/\\r$//' '${path}'`,
      path,
    };
  }
  if (!interpreter.startsWith("/")) {
    const problem = `${says} names no interpreter by its full path`;
    return { reason, problem, advice: "write a first line such as #!/bin/sh", path };
  }
  if (depth === 0) {
    const problem = `${says} leads from interpreter to interpreter`;
    return { reason, problem, advice: "name the program that runs it", path };
  }
  const inner = await faultOfFile(interpreter, search, depth - 1) ??
    (basename(interpreter) === "env" ? await faultOfEnv(args, search, depth - 1) : undefined);
  if (inner === undefined) return undefined;
  return {
    reason,
    problem: `${says} names an interpreter that cannot be run: ${inner.problem}`,
    advice: inner.reason === "missing" ? "install that interpreter, or correct the line" : inner.advice,
    path,
  };
}

/** Whether the interpreter's path ends beyond what the system reads of the line. */
function isCut(line: string, interpreter: string): boolean {
  const path_end = line.indexOf(interpreter) + interpreter.length;
  const read = new TextEncoder().encode(`#!${line.slice(0, path_end)}`);
  return Deno.build.os === "linux" && read.length > FIRST_LINE_BYTES;
}

/** `env` looks for the program that its first argument names; `-S` only says that there are several arguments. */
async function faultOfEnv(args: string[], search: string, depth: number): Promise<ProgramFault | undefined> {
  const [first, ...rest] = args;
  const name = (first === "-S" ? rest : args).find((arg) => !arg.includes("="));
  // Its other options may have arguments of their own.
  return name === undefined || name.startsWith("-") ? undefined : await faultOf(name, search, depth);
}
