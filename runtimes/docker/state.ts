import type Docker from 'dockerode';
import type { ObjectState, RuntimeObject } from '../../model/connector.ts';
import { connectorLabel, hashVariable, idVariables, managerLabel, specHashLabel } from '../../model/labels.ts';

/** Docker's states as ours. */
export function stateOf(status: string): ObjectState {
  switch (status) {
    case 'running':
      return 'running';
    case 'paused':
      return 'paused';
    case 'restarting':
    case 'removing':
      return 'transitional';
    case 'dead':
      return 'failed';
    default:
      return 'down';
  }
}

/** Docker writes year 1 for "never". */
const time = (text: string | undefined): string | undefined =>
  text === undefined || text === '' || text.startsWith('0001-') ? undefined : text;

/** Value of a variable in `KEY=VALUE` form; an entry without `=` is an empty value. */
function variable(env: readonly string[] | null | undefined, name: string): string | undefined {
  const entry = (env ?? []).find((e) => e === name || e.startsWith(`${name}=`));
  return entry === undefined ? undefined : entry.slice(name.length + 1);
}

/** What an inspect tells; values of the environment other than the hash stay inside. */
export function fromInspect(info: Docker.ContainerInspectInfo, variableId?: string): RuntimeObject {
  const labels = info.Config.Labels ?? {};
  const contractHash = variable(info.Config.Env, hashVariable);
  const specHash = labels[specHashLabel];
  const { State } = info;
  const startedAt = time(State.StartedAt);
  const finishedAt = time(State.FinishedAt);
  const ours = labels[connectorLabel] !== undefined || labels[managerLabel] !== undefined;
  const runs =
    !ours && variableId !== undefined && idVariables.some((name) => variable(info.Config.Env, name) === variableId);
  const reason = State.Error === '' ? undefined : State.Error;
  return {
    ref: info.Id,
    name: info.Name.replace(/^\//, ''),
    labels,
    state: stateOf(State.Status),
    image: info.Config.Image,
    imageDigest: info.Image,
    createdAt: info.Created,
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    runtimeRestarts: info.RestartCount ?? 0,
    ...(contractHash === undefined ? {} : { contractHash }),
    ...(specHash === undefined ? {} : { specHash }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(reason === undefined ? {} : { reason: reason.slice(0, 300) }),
    ...(runs ? { runsConnector: true } : {}),
  };
}
