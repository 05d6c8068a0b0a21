/**
 * Which process of this machine is at the other end of a TCP connection, by Linux's /proc. Deno lets only a server with all
 * permissions read that, so that programs do it.
 */
import type { Clock } from "../../clock/clock.ts";
import { type ProcessOrigin, TELLING_VARIABLES } from "../../domain/process_origin.ts";
import { runBriefly } from "./brief_program.ts";
import { shared } from "./process_lists.ts";

/** One end of a connection. `inode`: "0" once its process has closed it. */
export interface PeerSocket {
  inode: string;
  uid: number;
}

export interface Holders {
  /** The account of this server. */
  uid: number;
  /** The processes that have the socket open, as far as they may be seen. */
  seen: ProcessOrigin[];
  /** If there is none: the processes of this server's user whose open files may not be seen. */
  hidden: ProcessOrigin[];
}

/** Whether an address leads to this machine itself, and to no other. */
export function isLoopback(ip: string): boolean {
  return ip === "::1" || plainAddress(ip).startsWith("127.");
}

/** An address of IPv4 as such, also where a socket of both families has mapped it. */
export function plainAddress(ip: string): string {
  return ip.startsWith("::ffff:") ? ip.slice(7) : ip;
}

/** The tables of this machine's connections. Each that is returned was begun after it was asked for. */
export function connectionTables(clock: Clock): () => Promise<string> {
  // A machine without IPv6 lacks the second, which the exit code tells.
  return shared(clock, async () => {
    const { stdout } = await runBriefly(clock, "cat", ["/proc/net/tcp", "/proc/net/tcp6"]);
    return stdout;
  });
}

/**
 * The sockets of this machine that are connected from one port to the other; more than one only if several addresses use the
 * same ports. Undefined if the tables do not show even who listens at `to`, and so nothing. Pure.
 */
export function peerSockets(tables: string, from: number, to: number): PeerSocket[] | undefined {
  if (!new RegExp(`^ *\\d+: [0-9A-F]+:${hex(to)} [0-9A-F]+:0000 0A `, "m").test(tables)) return undefined;
  // The columns: number, own address, the other's, state, queues, timers, retransmissions, user, timeout, inode.
  const row = new RegExp(
    `^ *\\d+: [0-9A-F]+:${hex(from)} [0-9A-F]+:${hex(to)} [0-9A-F]+ \\S+ \\S+ \\S+ +(\\d+) +\\d+ (\\d+)`,
    "gm",
  );
  return [...tables.matchAll(row)].map(([, uid, inode]) => ({ uid: Number(uid), inode: inode! }));
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

/** Prints `me UID`, `INODE PID` for each open socket, and `hidden PID` for each process of this user whose open files may not be seen. */
const SCAN = `
me=$(id -u)
echo "me $me"
ls -l /proc/[0-9]*/fd 2>/dev/null | awk '
  /^\\/proc\\// { split($0, part, "/"); pid = part[3] }
  / -> socket:\\[[0-9]+\\]$/ { inode = $NF; gsub(/[^0-9]/, "", inode); print inode, pid }'
for folder in /proc/[0-9]*; do
  [ -d "$folder" ] && [ ! -r "$folder/fd" ] || continue
  while read -r name user rest; do
    [ "$name" = Uid: ] || continue
    [ "$user" = "$me" ] && echo "hidden \${folder#/proc/}"
    break
  done 2>/dev/null <"$folder/status"
done
exit 0
`;

/** Prints, for each of the processes `$2…`, itself and its parents, its group, and its variables whose names match `$1`. */
const ORIGIN = `
names=$1
shift
for one in "$@"; do
  echo process
  sed -n 's/^0::/group /p' "/proc/$one/cgroup" 2>/dev/null
  tr '\\0' '\\n' <"/proc/$one/environ" 2>/dev/null | grep -E "$names" | sed 's/^/variable /'
  while [ "\${one:-0}" -gt 0 ]; do
    set -- $(awk '/^PPid:/ { a = $2 } /^NSpgid:/ { b = $2 } /^NSsid:/ { c = $2 } END { print a, b, c }' "/proc/$one/status" 2>/dev/null)
    [ $# -eq 3 ] || break
    echo "line $one $2 $3"
    one=$1
  done
done
exit 0
`;

/** Who has which socket open. What is returned was looked up after it was asked for, and is shared by all who ask then. */
export function socketHolders(clock: Clock): (inode: string) => Promise<Holders> {
  const scan = shared(clock, async () => {
    const { stdout } = await runBriefly(clock, "sh", ["-c", SCAN]);
    return stdout.split("\n");
  });
  return async (inode) => {
    const lines = await scan();
    const pidsOf = (word: string) =>
      lines.flatMap((line) => line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []);
    const seen = [...new Set(pidsOf(inode))];
    const uid = Number(pidsOf("me")[0]);
    if (seen.length > 0) return { uid, seen: await originsOf(clock, seen), hidden: [] };
    return { uid, seen: [], hidden: await originsOf(clock, pidsOf("hidden")) };
  };
}

async function originsOf(clock: Clock, pids: readonly string[]): Promise<ProcessOrigin[]> {
  if (pids.length === 0) return [];
  const names = `^(${TELLING_VARIABLES.join("|")})=`;
  const { stdout } = await runBriefly(clock, "sh", ["-c", ORIGIN, "sh", names, ...pids]);
  const found: ProcessOrigin[] = [];
  for (const text of stdout.split("\n")) {
    const [word, ...rest] = text.split(" ");
    if (word === "process") found.push({ line: [], variables: [] });
    const last = found.at(-1);
    if (word === "group") last!.group = rest.join(" ");
    else if (word === "variable") last!.variables.push(rest.join(" "));
    else if (word === "line") {
      const [pid, pgid, session] = rest.map(Number) as [number, number, number];
      last!.line.push({ pid, pgid, session });
    }
  }
  return found;
}
