/** The `serve` command: reads the configuration, composes the server, runs it until a signal comes, and stops it. */
import { getLogger } from "@logtape/logtape";
import manifest from "../../deno.json" with { type: "json" };
import { EXIT } from "../cli/exit_codes.ts";
import { homeFolder } from "../cli/home.ts";
import { forgetAddress, readAddress, type ServerAddress, writeAddress } from "../cli/server_address.ts";
import { ownCommand } from "../cli/own_command.ts";
import { untilSignalled } from "../cli/signals.ts";
import { writeStdout } from "../cli/standard_streams.ts";
import { systemClock as clock } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { LINK_MINUTES, signInLink } from "../domain/sign_in_link.ts";
import { createProcessAbility } from "../host/processes/ability.ts";
import { keepInheritedFiles } from "../host/processes/inherited_files.ts";
import type { Config } from "../protocol/config.ts";
import { folderError } from "../store/data_folder.ts";
import { isAnyInstalled } from "./checks/installed_agents.ts";
import { checkProjects } from "./checks/projects.ts";
import { checkWorkingFolders } from "./checks/working_folders.ts";
import type { Listening } from "./compose_options.ts";
import { dataFolder, loadConfig, type ServeFlags } from "./config_file.ts";
import { LastNet } from "./last_net.ts";
import { LineOutput } from "./line_output.ts";
import { localAgents } from "./local_agents.ts";
import { logToStderr, maskLog } from "./logging.ts";
import { orphanCare } from "./orphan_care.ts";
import { type Part, Parts, StopFailure, stopInTime } from "./parts.ts";
import { openSandboxes } from "./sandboxes.ts";
import { serverEnding } from "./server_signals.ts";
import { refuseImpossible } from "./refused_config.ts";
import { serverSecrets } from "./server_secrets.ts";
import { openServerStore } from "./server_store.ts";
import { requireSecrets } from "./required_secrets.ts";
import { ServerLog } from "./server_log.ts";

const log = getLogger(["opencode-agents", "main"]);

/** How long the end of the program waits for a reader of stdout or stderr. */
const FLUSH_MS = 400;
/** How long a stop may take, so that the program is gone within 10 s whatever hangs. */
const STOP_MS = 9500;

/** Returns the exit code. */
export async function serve(flags: ServeFlags): Promise<number> {
  const { config: written, base } = await loadConfig(flags);
  if (flags.printConfig) {
    const { masked } = await import("./masked_config.ts");
    writeStdout(`${JSON.stringify(masked(written), null, 2)}\n`);
    return 0;
  }
  const serverLog = new ServerLog(clock);
  const stderr = await logToStderr(undefined, "info", serverLog.sink);
  const stdout = linesOfStdout();
  try {
    await serveUntilSignalled(flags, written, base, { serverLog, stdout, stderr });
    return EXIT.done;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // Thrown on, it would reach only the last net, and the program would not end. A part that did not stop is logged.
    if (!(error instanceof StopFailure)) log.error("The server ends: {error}", { error });
    return EXIT.failed;
  } finally {
    await Promise.all([stdout.flush(FLUSH_MS), stderr.flush(FLUSH_MS)]);
  }
}

async function serveUntilSignalled(
  flags: ServeFlags,
  written: Config,
  base: string,
  { serverLog, stdout, stderr }: { serverLog: ServerLog; stdout: LineOutput; stderr: LineOutput },
): Promise<void> {
  refuseImpossible(written, flags.insecure ?? false);
  requireSecrets(written, Deno.env.toObject());
  keepInheritedFiles();
  const demo = flags.demo
    ? await (await import("./demo_server.ts")).openDemo(written, clock, (line) => stderr.write(`${line}\n`))
    : undefined;
  const config = demo?.config ?? written;
  const secrets = serverSecrets(config, Deno.env.toObject());
  maskLog(secrets);
  const isAuthRequired = config.security.auth === "required";
  const folder = dataFolder(flags, config.store.path ?? demo?.data);
  const net = new LastNet(clock);
  const ability = createProcessAbility(clock);
  const tried = ability.tried();
  const orphans = orphanCare(clock);
  const env = Deno.env.toObject();
  const sandboxes = openSandboxes({ clock, config, base, folder, env, file: flags.config });
  const openRunner = localAgents({ clock, folder, env, secrets, sandboxes });
  const opening = openServerStore({ config, folder, clock, openRunner });
  // `composeServer` gets its failure, which may come while the rest of the server is still being loaded.
  opening.catch(() => {});
  const owners = config.server.tls?.client_certs === "require"
    ? await (await import("./owners_certificate.ts")).ownersCertificate(clock)
    : undefined;
  const { composeServer } = await import("./compose.ts");
  const server = await composeServer({
    clock,
    config,
    base,
    home: homeFolder,
    folder,
    openStore: () => opening,
    openRunner,
    sandboxes,
    ability,
    processFindings: () => [...net.findings(), ...orphans.findings()],
    serverLog,
    owner_token: readAddress(folder)?.token,
    owners_certificate: owners,
    announce: (listening) =>
      announcement(folder, listening, owners?.certificate, {
        stdout,
        stderr: isAuthRequired ? stderr : undefined,
      }),
  });
  const program = new Parts("program", [
    ...(demo ? [demo.folder] : []),
    { name: "ability", start: () => tried, stop() {} },
    server,
    ...(demo ? [demo.player(server)] : []),
    orphans,
    { name: "working folders", start: () => sayWhere(folder, config), stop() {} },
    { name: "installed agents", start: () => sayIfNoAgent(config.agents), stop() {} },
  ]);
  const signalled = untilSignalled(clock, serverEnding());
  net.spread();
  const starting = program.start();
  // A start that takes long, or hangs, does not keep a signal waiting.
  const signal = await Promise.race([starting.then(() => signalled), signalled]);
  log.info("{signal}: stopping; running tasks go on at the next start", { signal });
  await stopInTime(program, clock, STOP_MS);
  // The start may have failed meanwhile.
  await starting;
}

async function sayWhere(folder: string, { tasks, projects }: Config): Promise<void> {
  const findings = [...await checkWorkingFolders(tasks), ...await checkProjects(projects)];
  for (const { what, found } of findings) log.warn("{what}: {found}", { what, found });
  log.info("Data in {folder}; at most {slots} tasks at once", { folder, slots: tasks.max_concurrent });
}

/** A newcomer's first task would fail. */
async function sayIfNoAgent(agents: Config["agents"]): Promise<void> {
  if (await isAnyInstalled(agents)) return;
  log.warn("No agent is installed, so tasks will fail. To see how to install one: {command}", {
    command: ownCommand("doctor"),
  });
}

/**
 * `stderr`: where a link goes that signs the owner's browser in. Announces where the server listens: to the user who started it, and to commands, through a file in the data folder.
 */
function announcement(
  folder: string,
  listening: Listening,
  certificate: ServerAddress["certificate"],
  { stdout, stderr }: { stdout: LineOutput; stderr: LineOutput | undefined },
): Part {
  let forgetChanges = () => {};
  const leave = () => {
    const { url, owner_token: token, fingerprint } = listening;
    return writeAddress(folder, { url, token, fingerprint, certificate });
  };
  return {
    name: "announcement",
    async start() {
      const { url } = listening;
      await leave().catch((error) => {
        throw folderError(folder, error);
      });
      forgetChanges = listening.onFingerprint(() => {
        leave().catch((error) =>
          log.error("The new certificate's fingerprint cannot be written: {error}", { error })
        );
      });
      stdout.write(`listening on ${url}\n`);
      // Not by the log, which clients can read.
      const link = await signInLink(url, listening.owner_token, clock.now());
      stderr?.write(`To sign a browser in, once and within ${LINK_MINUTES} minutes: ${link}\n`);
      log.info("Listening on {url}, version {version}", { url, version: manifest.version });
    },
    stop() {
      forgetChanges();
      return forgetAddress(folder);
    },
  };
}

/** A stdout that cannot be written, or whose reader hangs, does not keep the server from serving. */
function linesOfStdout(): LineOutput {
  return new LineOutput({
    clock,
    write: (bytes) => Deno.stdout.write(bytes),
    failed: (reason) => log.warn("stdout cannot be written: {reason}", { reason }),
    gap: () => "",
  });
}
