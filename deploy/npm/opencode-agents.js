#!/usr/bin/env node
/**
 * Starts the program in the Deno that npm has installed with it. Arguments, signals and the exit code are passed on.
 * Plain Node, so that it needs nothing but the package.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const IS_WINDOWS = process.platform === "win32";
/** npx starts a shell between itself and this program. The shell dies of a signal without passing it on. */
const BELOW_NPX = process.env.npm_command === "exec";
const PARENT_CHECK_MS = 500;

/** Deno's program for this platform. Throws if npm has installed none. */
function denoProgram() {
  return createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
}

function denoArguments() {
  const { denoFlags, program } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return ["run", "--quiet", "--no-prompt", ...denoFlags, join(ROOT, program), ...process.argv.slice(2)];
}

function environment() {
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1" };
  // Without HOME, Deno would keep its cache in the current folder.
  if (!env.HOME && !env.DENO_DIR && !IS_WINDOWS) env.DENO_DIR = join(homedir(), ".cache", "deno");
  return env;
}

/** Runs the program beside this one, and ends as it ends. */
function run(program, args, env) {
  // A terminal sends its signals to both. Without one, the program gets a process group of its own, so that a signal to
  // the whole group does not reach it twice: a second signal ends it at once.
  const onTerminal = Boolean(process.stdin.isTTY);
  const child = spawn(program, args, { stdio: "inherit", env, detached: !onTerminal && !IS_WINDOWS });
  const passedOn = onTerminal ? ["SIGTERM"] : ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"];
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]) {
    process.on(signal, () => passedOn.includes(signal) && child.kill(signal));
  }
  if (BELOW_NPX) {
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      child.kill("SIGTERM");
    }, PARENT_CHECK_MS);
  }
  child.on("error", fail);
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function fail(error) {
  console.error(`opencode-agents: Deno cannot be started: ${error.message}`);
  console.error(
    "Install the package again, with its optional dependencies: one of them is Deno for this platform.",
  );
  process.exit(1);
}

try {
  const program = denoProgram();
  // Where Node can, the program takes the place of this one. Nothing is left to pass on.
  if (process.execve && !IS_WINDOWS && !BELOW_NPX) {
    process.execve(program, [program, ...denoArguments()], environment());
  }
  run(program, denoArguments(), environment());
} catch (error) {
  fail(error);
}
