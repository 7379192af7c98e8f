import { quote } from '../machine/command.ts';
import { type Files, fileOf } from './files.ts';
import { SUBJECTS, subjectOf, wishText } from './servers.ts';
import type { Action, DirectoryTrouble, Step } from './steps.ts';

/** The directory of each source, as hublet is told of it. */
export const SOURCE_PATHS = { plain: '/etc/hublet/desired-state', mounted: '/srv/mounted' } as const;
/** What is mounted there; and where files are kept while their source is emptied. */
const BACKING = '/srv/backing';
const ASIDE = '/srv/aside';
const STORES = { state: ['/var/lib/hublet'], runtime: ['/run/hublet'], both: ['/run/hublet', '/var/lib/hublet'] };

/**
 * The machine's side of chaos: functions that steps call. Standing in the directory of the plain source, it reaches that wherever it is
 * renamed to and whatever is mounted over it. Troubles that last go on beside later steps, one of each sort at once.
 */
const preamble = `set -u
trap 'kill $(jobs -p) 2> /dev/null' TERM
mkdir -p ${ASIDE} && cd ${SOURCE_PATHS.plain} || exit 1
bus= disk= directory=
at() { read -r up _ < /proc/uptime; echo "@$1 $up"; }
put() { if [ "$2" = renamed ]; then cat > "$1.aside" && mv -f "$1.aside" "$1"; else cat > "$1"; fi; }
cut_off() { head -c "$2" "$1" > "${ASIDE}/cut"; cat "${ASIDE}/cut" > "$1"; }
await_controller() {
  for ((tries = 0; tries < 600; tries++)); do
    [ "$(systemctl is-active hublet.service)" = active ] && return
    sleep 0.2
  done
  echo '! hublet.service is not up after 2 minutes'
}
await_process() {
  for ((tries = 0; tries < 600; tries++)); do
    [ "$(systemctl show hublet.service -p MainPID --value)" != 0 ] && return
    sleep 0.1
  done
  echo '! hublet.service has no process after a minute'
}
bus_away() { systemctl stop dbus.socket dbus.service; sleep "$1"; systemctl start dbus.socket dbus.service; }
disk_full() {
  for ((rest = $1; rest > 0; rest--)); do
    for store in "\${@:2}"; do cat /dev/zero >> "$store/filler" 2> /dev/null; done
    sleep 1
  done
  for store in "\${@:2}"; do rm -f "$store/filler"; done
}
`;

/** A bash script that does these steps one after the other, and tells of each as it comes: `@NUMBER UPTIME`; of trouble: `! TEXT`. */
export function scriptOf(steps: readonly Step[]): string {
  const lines = steps.map(
    ({ number, action, pauseMs }) => `sleep ${pauseMs / 1000}\nat ${number}\n${shellOf(action)}\n`,
  );
  return `${preamble}${lines.join('')}wait\nawait_controller\necho '@end'\n`;
}

/** A bash script that writes all spec files that there are. */
export function filesScript(files: Files): string {
  const present = SUBJECTS.filter(({ name }) => fileOf(files, name).kind !== 'absent');
  const lines = present.map((subject) =>
    put(subject.name, wishText(subject, fileOf(files, subject.name).last), 'renamed'),
  );
  return `${preamble}${lines.join('\n')}\n`;
}

function shellOf(action: Action): string {
  switch (action.kind) {
    case 'write':
      return put(action.name, wishText(subjectOf(action.name), action.wish), action.manner);
    case 'spoil':
      return put(action.name, action.text, action.manner);
    case 'truncate':
      return `cut_off ${pathOf(action.name)} ${action.keptBytes}`;
    case 'touch':
      return `touch ${pathOf(action.name)}`;
    case 'delete':
      return `rm ${pathOf(action.name)}`;
    case 'rename and back': {
      const path = pathOf(action.name);
      return `if [ -e ${path} ]; then mv ${path} ${path}.away; sleep ${action.milliseconds / 1000}; mv ${path}.away ${path}; fi`;
    }
    case 'kill controller': {
      const wait = action.when === 'at work' ? 'await_controller' : 'await_process';
      return `${wait}; sleep ${action.afterMs / 1000}; systemctl kill --signal=KILL --kill-whom=${action.whom} hublet.service`;
    }
    case 'kill server':
      return `systemctl kill --signal=${action.signal} --kill-whom=main ${unitOf(action.name)} 2> /dev/null`;
    case 'stop server':
      return `systemctl stop --no-block ${unitOf(action.name)} 2> /dev/null`;
    case 'drift': {
      const limit = `MemoryMax=${action.memoryMebibytes}M`;
      return `! systemctl --quiet is-active ${unitOf(action.name)} || systemctl set-property --runtime ${unitOf(action.name)} ${limit}`;
    }
    case 'bus':
      return alone('bus', busCommands[action.how]);
    case 'bus away':
      return lasting('bus', `bus_away ${action.seconds}`);
    case 'disk full':
      return lasting('disk', `disk_full ${action.seconds} ${STORES[action.which].join(' ')}`);
    case 'directory': {
      const [make, undo] = directoryCommands(action.how);
      const trouble = `${make}; sleep ${action.seconds}; ${undo}`;
      // Files that are written while theirs are out would be mixed with those that come back.
      return action.how === 'emptied' ? alone('directory', trouble) : lasting('directory', trouble);
    }
  }
}

const busCommands = {
  restart: 'systemctl restart dbus.service',
  kill: 'systemctl kill --signal=KILL --kill-whom=main dbus.service',
  reload: 'systemctl daemon-reload',
  reexec: 'systemctl daemon-reexec',
};

/** What brings a directory of specs into trouble, and what ends it. */
function directoryCommands(how: DirectoryTrouble): readonly [string, string] {
  const path = SOURCE_PATHS.plain;
  switch (how) {
    case 'renamed':
      return [`mv ${path} ${path}.away`, `mv ${path}.away ${path}`];
    case 'replaced':
      return [`mv ${path} ${path}.away; mkdir ${path}`, `rmdir ${path}; mv ${path}.away ${path}`];
    case 'covered':
      return [`mount -t tmpfs -o mode=755 tmpfs ${path}`, `umount --lazy ${path}`];
    case 'unreadable':
      // hublet.service has not the capabilities here by which root reads what nobody may.
      return [`chmod 000 ${path}`, `chmod 755 ${path}`];
    case 'unmounted':
      return [`umount --lazy ${SOURCE_PATHS.mounted}`, `mount --bind ${BACKING} ${SOURCE_PATHS.mounted}`];
    case 'emptied':
      return [`mv *.yaml ${ASIDE}/`, `mv ${ASIDE}/*.yaml .`];
  }
}

/** Goes on beside later steps, after what went on of that sort before. */
function lasting(sort: string, command: string): string {
  return `[ -z "$${sort}" ] || wait $${sort}\n{ ${command}; } & ${sort}=$!`;
}

/** Done when the step ends. */
function alone(sort: string, command: string): string {
  return `[ -z "$${sort}" ] || wait $${sort}\n${sort}=\n${command}`;
}

function put(name: string, text: string, manner: string): string {
  return `printf %s ${quote(text)} | put ${pathOf(name)} ${quote(manner)}`;
}

function pathOf(name: string): string {
  return `${subjectOf(name).source === 'plain' ? '.' : BACKING}/${name}.yaml`;
}

function unitOf(name: string): string {
  return quote(`hublet-${name}.service`);
}
