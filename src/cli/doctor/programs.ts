/** Programs on PATH, and what they say of themselves. */
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { type Clock, within } from "../../clock/clock.ts";
import type { AgentConfig } from "../../protocol/config.ts";
import { cut, oneLine } from "../screen.ts";
import type { Finding } from "./finding.ts";

type Env = (name: string) => string | undefined;

const VERSION_MS = 5000;
/** More than any version text. */
const OUTPUT_MAX = 10_000;

/** Where a program is, as a shell would find it; undefined when nowhere. */
export async function findProgram(name: string, env: Env, base: string): Promise<string | undefined> {
  const hasFolder = /[/\\]/.test(name);
  const folders = hasFolder ? [isAbsolute(name) ? "" : base] : (env("PATH") ?? "").split(delimiter);
  const endings = Deno.build.os === "windows" ? ["", ".exe", ".cmd", ".bat"] : [""];
  for (const folder of folders) {
    if (folder === "" && !hasFolder) continue;
    for (const ending of endings) {
      const path = folder === ""
        ? name + ending
        : hasFolder
        ? resolve(folder, name + ending)
        : join(folder, name + ending);
      if (await isExecutable(path)) return path;
    }
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    // Not there, or not to be looked at: for us it is not there.
    return false;
  }
}

/** The first line of `PROGRAM --version`; undefined when it fails, or takes longer than 5 s and is ended. */
export async function versionOf(program: string, clock: Clock): Promise<string | undefined> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, { args: ["--version"], stdin: "null", stdout: "piped", stderr: "null" })
      .spawn();
  } catch {
    // No permission to run it, or no program: the version is unknown.
    return undefined;
  }
  const asked = Promise.all([child.status, firstOutput(child.stdout)]);
  const answer = await within(clock, VERSION_MS, asked, undefined);
  if (!answer) {
    try {
      child.kill("SIGKILL");
    } catch {
      // Ended in this very moment.
    }
    await child.status;
    return undefined;
  }
  const [{ success }, text] = answer;
  const line = cut(oneLine(text.split("\n").find((line) => line.trim() !== "") ?? ""), 80);
  return success && line !== "" ? line : undefined;
}

async function firstOutput(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stdout) {
    if (text.length < OUTPUT_MAX) text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** An agent of the configuration. `is_default`: tasks go to it unless they say otherwise. */
export async function checkAgent(
  name: string,
  { command, protocol }: AgentConfig,
  is_default: boolean,
  env: Env,
  base: string,
  clock: Clock,
): Promise<Finding> {
  const program = command[0]!;
  const path = await findProgram(program, env, base);
  const found = { area: "agent" as const, subject: name };
  if (path === undefined) {
    return {
      ...found,
      level: "warn",
      message: `'${program}' is not on PATH${is_default ? ", and it is the default agent" : ""}`,
      advice: is_default
        ? "Install it, or name another in tasks.default_agent of the configuration."
        : "Install it, if tasks are to be given to it.",
      details: { program, path: null },
    };
  }
  const { state } = await Deno.permissions.query({ name: "run", command: path });
  if (state !== "granted") {
    return {
      ...found,
      level: "warn",
      message: `${path} may not be run`,
      advice: `Start the server with --allow-run=${program}.`,
      details: { program, path },
    };
  }
  // A command is any program, which might do its work when run with an argument that it ignores.
  const version = protocol === "acp" ? await versionOf(path, clock) : undefined;
  return {
    ...found,
    level: "ok",
    message: version === undefined ? path : `${path} (${version})`,
    details: { program, path, version: version ?? null },
  };
}

/** The tools by which processes are listed and ended. */
export async function checkTool(name: string, without: string, env: Env): Promise<Finding> {
  const path = await findProgram(name, env, ".");
  return path === undefined
    ? {
      area: "tool",
      subject: name,
      level: Deno.build.os === "windows" ? "ok" : "warn",
      message: `not on PATH: ${without}`,
      details: { path: null },
    }
    : { area: "tool", subject: name, level: "ok", message: path, details: { path } };
}
