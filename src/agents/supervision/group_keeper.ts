/**
 * The keeper: a shell that makes a control group (cgroup v2) for each run and lists what is in it. A process cannot leave
 * its group by forking, by a session of its own, or by overwriting its title and environment. A shell does it because
 * Deno reads and writes /sys only with all permissions.
 *
 * It prints `home FOLDER`, or `none` where no groups can be made. Then it answers each line:
 * - `make NAME` with `made NAME` or `failed`;
 * - `ready` with nothing: it lets the next process enter its group without a wait. The kernel makes the first that moves
 *   to another group after a pause wait for some 10 ms, even one that stays where it is, and the others not;
 * - `list NAME` with `list NAME PID…`, or `failed` if there is no such group;
 * - `strays` with `strays PID…`, the processes of earlier servers on the same store.
 *
 * When its stdin closes, the server has ended. It waits until the groups are empty, kills what is left after 10 s, and
 * removes them.
 */
import type { ServerIdentity } from "./environment.ts";

const KEEPER = `
trap '' HUP INT TERM
drop() { # removes a group and those below it
  for below in "$1"/*/; do [ -d "$below" ] && drop "\${below%/}"; done
  rmdir "$1"
}
gather() { # adds the processes of a group and of those below it to pids
  while read -r pid; do pids="$pids $pid"; done < "$1/cgroup.procs"
  for below in "$1"/*/; do [ -d "$below" ] && gather "\${below%/}"; done
}
is_populated() {
  while read -r key value; do [ "$key $value" = "populated 1" ] && return 0; done < "$1/cgroup.events"
  return 1
}
enters() { # whether a process of ours may enter a group
  (
    echo 0 > "$1/cgroup.procs"
    while IFS= read -r line; do case $line in 0::*"/\${1##*/}") exit 0;; esac; done < /proc/self/cgroup
    exit 1
  )
}
while read -r _ point type _; do [ "$type" = cgroup2 ] && break; done < /proc/mounts
while IFS= read -r line; do case $line in 0::*) own=\${line#0::};; esac; done < /proc/self/cgroup
base=$point\${own%/} home=$base/$1
if [ "$type" != cgroup2 ] || [ -z "$own" ]; then echo none; exit; fi
[ -d "$home" ] || mkdir "$home" || { echo none; exit; } # it is there if an earlier keeper of this server has died
[ -d "$home/try" ] || mkdir "$home/try"
if ! enters "$home/try"; then drop "$home"; echo none; exit; fi
rmdir "$home/try"
echo "home $home"
while read -r verb name; do
  pids=
  case $verb in
    make) if mkdir "$home/$name"; then echo "made $name"; else echo failed; fi ;;
    ready) echo 0 > "$base/cgroup.procs" ;;
    list)
      is_populated "$home/$name" && gather "$home/$name"
      if [ -d "$home/$name" ]; then echo "list $name$pids"; else echo failed; fi ;;
    strays)
      for group in "$base/$2"*/; do
        group=\${group%/}
        [ "$group" = "$home" ] || [ ! -d "$group" ] && continue
        if is_populated "$group"; then gather "$group"; else drop "$group"; fi
      done
      echo "strays$pids" ;;
  esac
done
waited=0
while is_populated "$home"; do
  if [ $waited -ge 50 ]; then pids=; gather "$home"; kill -KILL $pids; fi
  [ $waited -ge 100 ] && exit
  sleep 0.2
  waited=$((waited + 1))
done
drop "$home"
`;

/** Program and arguments that run the keeper of one server. */
export function keeperCommand(shell: string, { store_id, instance_id }: ServerIdentity): string[] {
  const prefix = `opencode-agents.${store_id}.`;
  return [shell, "-c", KEEPER, shell, prefix + instance_id, prefix];
}

/**
 * Enters the group `$1` and becomes the program that the other arguments name. A group that somebody has removed is
 * `failed` for the keeper, so nobody takes it for empty.
 */
export const ENTER = `{ echo 0 > "$1/cgroup.procs"; } 2>/dev/null || [ ! -d "$1" ] && shift && exec "$@"
echo "The control group $1 cannot be entered" >&2
exit 125`;
