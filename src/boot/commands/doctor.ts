/** `doctor`: whether `serve` would work here, and what to do if not. */
import type { Command } from "commander";
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Cli } from "../../cli/cli.ts";
import type { Config } from "../../protocol/config.ts";
import { checkCommonStore } from "../server_store.ts";
import { dataFolder, loadConfig, type ServeFlags } from "../config_file.ts";
import { path } from "../../cli/options.ts";
import { checkAgent } from "../checks/agent.ts";
import { isAnyInstalled } from "../checks/installed_agents.ts";
import type { Finding } from "../checks/finding.ts";
import { checkFolder } from "../checks/folder.ts";
import { checkNetwork } from "../checks/network.ts";
import { checkPermissions } from "../checks/permissions.ts";
import { checkPort } from "../checks/port.ts";
import { checkProjects } from "../checks/projects.ts";
import { checkGit, checkInit, checkProcesses } from "../checks/processes.ts";
import { checkSandboxes } from "../checks/sandboxes.ts";
import { openSandboxes } from "../sandboxes.ts";
import { checkWorkingFolders } from "../checks/working_folders.ts";
import type { Handlers } from "../handlers.ts";
import { port } from "./port.ts";
import { refuseImpossible } from "../refused_config.ts";
import { readAddress, type ServerAddress } from "../../cli/server_address.ts";
import type { StoreFiles } from "./store_command.ts";
import { oneLine } from "../../cli/text.ts";

interface DoctorFlags extends ServeFlags {
  json?: boolean;
}

export function addDoctor(program: Command, cli: Cli, { store }: Handlers): void {
  program.command("doctor").description(
    "check whether the server would work here; exit 0 if `serve` would start, or runs",
  )
    .option("--host <host>", "as for serve")
    .option("--port <port>", "as for serve", port)
    .option("--data <dir>", "as for serve", path)
    .option("--config <file>", "as for serve", path)
    .option("--insecure", "as for serve")
    .option("--json", "print JSON")
    .action(async (flags: DoctorFlags) => {
      const { findings, running, has_agent } = await examine(cli, store, flags);
      const ok = findings.every(({ state }) => state !== "bad");
      cli.exit = ok ? 0 : 1;
      if (flags.json) return cli.terminal.json({ ok, running: running ?? null, findings }, 2);
      for (const finding of findings) for (const line of lines(cli, finding)) cli.terminal.line(line);
      const { terminal } = cli;
      if (ok && !has_agent) {
        terminal.line(terminal.paint("no agent is installed: tasks would fail", "yellow"));
      }
      terminal.line(terminal.paint(outcomeOf(ok, running), ok ? "green" : "red"));
    });
}

function outcomeOf(ok: boolean, running: ServerAddress | undefined): string {
  if (!ok) return "serve would not start";
  return running ? `a server runs: ${running.url}` : "serve would start";
}

interface Examination {
  findings: Finding[];
  /** Absent if the examination did not come to the agents. */
  has_agent?: boolean;
  /** The server that has this data folder already. */
  running?: ServerAddress;
}

/** All findings, in the order in which `serve` would encounter them. */
async function examine({ clock }: Cli, store: StoreFiles, flags: DoctorFlags): Promise<Examination> {
  const findings = await checkPermissions();
  const loaded = await expected(async () => {
    const loaded = await loadConfig(flags);
    refuseImpossible(loaded.config, flags.insecure ?? false);
    return loaded;
  });
  if (loaded instanceof ApiError) {
    findings.push({ what: "configuration", state: "bad", found: loaded.message, details: loaded.details });
    return { findings };
  }
  const { config } = loaded;
  findings.push({
    what: "configuration",
    state: "ok",
    found: flags.config ?? "the defaults (give a file with --config)",
  });
  const folder = await expected(() => Promise.resolve(dataFolder(flags, config.store.path)));
  if (folder instanceof ApiError) {
    findings.push({ what: "data folder", state: "bad", found: folder.message, details: folder.details });
    return { findings };
  }
  const checked = await checkFolder(folder);
  const address = readAddress(folder);
  // A killed server leaves its address behind, but not its lock.
  const running = address && checked.details?.pid === address.pid ? address : undefined;
  findings.push(checked);
  // A store that a server has open was checked when that server started.
  if (checked.state === "ok" && checked.details?.pid === undefined) {
    findings.push(await checkStore(() => foundStore(clock, store, folder, config.store)));
  }
  findings.push(...await checkWorkingFolders(config.tasks), ...await checkProjects(config.projects));
  findings.push(await checkPort(clock, config.server.host, config.server.port, running));
  findings.push(...await checkProcesses(clock), ...await checkInit(clock), await checkGit(clock));
  findings.push(...await checkNetwork(Deno.env.toObject()));
  const agents = Object.entries(config.agents);
  findings.push(
    ...await Promise.all(agents.map(([name, agent]) => checkAgent(clock, name, agent, config, folder))),
  );
  const env = Deno.env.toObject();
  const sandboxes = openSandboxes({ clock, config, base: loaded.base, folder, env, file: flags.config });
  findings.push(...await checkSandboxes(config.agents, sandboxes));
  return { findings, running, has_agent: await isAnyInstalled(config.agents) };
}

/** The result of `work`, or the `ApiError` that `serve` would end with. */
async function expected<T>(work: () => Promise<T>): Promise<T | ApiError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

/** What there is to say of a store that serve would open. Throws why it would not. */
async function foundStore(
  clock: Clock,
  files: StoreFiles,
  folder: string,
  { url, ...more }: Config["store"],
): Promise<string> {
  if (url === undefined) return await files.check(folder) ? "sound" : "will be created";
  await checkCommonStore({ url, ...more }, clock);
  return `${url} answers`;
}

async function checkStore(found: () => Promise<string>): Promise<Finding> {
  const checked = await expected(found);
  return checked instanceof ApiError
    ? { what: "store", state: "bad", found: checked.message, details: checked.details }
    : { what: "store", state: "ok", found: checked };
}

const MARK = { ok: "ok  ", warn: "warn", bad: "BAD " } as const;
const STYLE = { ok: "green", warn: "yellow", bad: "red" } as const;

function lines({ terminal }: Cli, { what, state, found, advice }: Finding): string[] {
  const mark = terminal.paint(MARK[state], STYLE[state]);
  return [
    `${mark}  ${what.padEnd(14)}  ${oneLine(found)}`,
    ...(advice ? [`${" ".repeat(22)}${advice}`] : []),
  ];
}
