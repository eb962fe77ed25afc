import { data } from './folder.ts';
import { type Program, inside, podNetwork } from './programs.ts';

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** What a kubelet sets on its machine, where they differ. */
const sysctls = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
};

/**
 * The cluster's first process, in mount and process namespaces of its own: all that is started and mounted below it goes
 * when it goes, however that happens. Folders whose names kubelet, containerd and CNI have built in are covered by layers
 * in memory, settings of the kernel by files, and the pods' network is a namespace of its own, so that the machine's
 * network and packet rules stay as they are. $1: the cluster's folder. Ends when one of the programs does.
 */
export const script = (programs: readonly Program[]): string => `#!/bin/bash
set -eu
cd "$1"
exec 9<.
mkdir -p log ${data}/memory
mount -t tmpfs tmpfs ${data}/memory
cd ${data}/memory
for folder in run var/lib var/log; do
  [ -d "/$folder" ] || continue
  mkdir -p "$folder/upper" "$folder/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$folder/upper,workdir=$folder/work" "/$folder"
done
mkdir -p ${inside}
mount --rbind /proc/self/fd/9 ${inside}
exec 9<&-
cd ${inside}

setting() {
  [ -e "/proc/sys/$1" ] || return 0
  file="${data}/memory/$(echo "$1" | tr / .)"
  echo "$2" >"$file"
  mount --bind "$file" "/proc/sys/$1"
}
${Object.entries(sysctls)
  .map(([name, value]) => `setting ${name} ${value}`)
  .join('\n')}

touch ${podNetwork}
unshare --net=${podNetwork} true

trap 'exit 1' TERM
run() {
  name=$1
  shift
  {
    "$@" >"log/$name.log" 2>&1 || true
    echo "$name ended; its log says why" >&2
    kill -TERM 1
  } &
}
${programs
  .filter((p) => p.late !== true)
  .map(line)
  .join('\n')}
until [ -e ${data}/kubeconfig ]; do sleep 0.05; done
${programs
  .filter((p) => p.late === true)
  .map(line)
  .join('\n')}
wait
`;

function line({ name, command }: Program): string {
  return `run ${name} ${command.map(quoted).join(' ')}`;
}
