import { until } from '../../bench/support.ts';
import { retryable } from '../../model/errors.ts';
import * as messages from '../../workflows/messages.ts';
import { type Keep, type Scene, deadline, image, makeScene, platformArgs } from './scene.ts';

/** The lives whose histories are kept: each goes through what an entity can meet, on a real Temporal server. */
export type Life = (address: string, keep: Keep) => Promise<void>;

const secret = { key: 'CONNECTOR_SECRET', value: 'kept-out-of-histories', secret: true };
const add = (scene: Scene, name: string, reference = image): void =>
  void scene.sandbox.control.add({
    name,
    image: reference,
    requested: 'starting',
    configuration: [{ key: 'DEMO_LOG_INTERVAL', value: '60' }, secret],
  });
const handleOf = (scene: Scene, name: string) => scene.stage.client.workflow.getHandle(workflowOf(scene, name));
const workflowOf = (scene: Scene, name: string): string => messages.connectorWorkflowId('opencti', scene.idOf(name));

/** Deployed, stopped, started, replaced; then crashes into a reboot loop, is dropped by the platform and retired. */
export const whole: Life = async (address, keep) => {
  const scene = await makeScene(address, keep, { policy: { loopRestarts: 1, loopDelayFirst: 1_000 } });
  const { control } = scene.sandbox;
  add(scene, 'Alpha');
  add(scene, 'Stays');
  await scene.rests('Stays', 'running', 'started');
  await scene.rests('Alpha', 'running', 'started');
  control.stop('Alpha');
  await scene.rests('Alpha', 'stopped', 'stopped');
  control.start('Alpha');
  await scene.rests('Alpha', 'running', 'started');
  const before = scene.object('Alpha')?.ref;
  control.edit('Alpha', { configuration: [{ key: 'DEMO_LOG_INTERVAL', value: '30' }, secret] });
  await until(deadline, () => scene.object('Alpha')?.ref !== before);
  await scene.rests('Alpha', 'running', 'started');
  scene.runtime.crash(scene.idOf('Alpha'));
  await until(deadline, async () => (await scene.state('Alpha')).memory.crashes === 1);
  await scene.rests('Alpha', 'running');
  scene.runtime.crash(scene.idOf('Alpha'));
  await until(deadline, async () => (await scene.state('Alpha')).memory.looping);
  await until(deadline, () => scene.object('Alpha')?.state === 'running');
  await scene.rests('Alpha', 'looping');
  const alpha = workflowOf(scene, 'Alpha');
  control.remove('Alpha');
  const first = await scene.sweep();
  let last = first;
  await until(deadline, async () => (last = await scene.sweep()).removed.length > 0, 200);
  await scene.stage.client.workflow.getHandle(alpha).result();
  await scene.keep(alpha, 'connector-life');
  await scene.keep(first.workflowId, 'orphans-counted');
  await scene.keep(last.workflowId, 'orphans-removed');
  await scene.close();
};

/** A pull that fails and is tried again by its own timer, a platform that refuses the status, an engine that goes away. */
export const faults: Life = async (address, keep) => {
  const scene = await makeScene(address, keep);
  scene.runtime.fail('pull', retryable('ImagePull', 'the registry does not answer'));
  add(scene, 'Beta');
  await until(deadline, async () => (await scene.state('Beta').catch(() => undefined))?.memory.failure !== undefined);
  scene.runtime.fail('pull', undefined);
  scene.sandbox.control.setFaults({ operations: { updateConnectorCurrentStatus: { status: 503, times: 2 } } });
  await scene.rests('Beta', 'running', 'started');
  scene.runtime.down(true);
  // The last the engine said before it went away.
  await handleOf(scene, 'Beta').signal(messages.wake, { event: 'die' });
  await until(deadline, async () => (await scene.state('Beta')).memory.phase === 'failed');
  scene.runtime.down(false);
  await scene.rests('Beta', 'running', 'started');
  await scene.keep(workflowOf(scene, 'Beta'), 'connector-faults');
  await scene.close();
};

/** What an operator can ask for, and a new name from the platform. */
export const commands: Life = async (address, keep) => {
  const scene = await makeScene(address, keep);
  add(scene, 'Gamma');
  await scene.rests('Gamma', 'running', 'started');
  await scene.command('Gamma', 'restart');
  await scene.command('Gamma', 'pause');
  await scene.command('Gamma', 'resume');
  await scene.command('Gamma', 'stop');
  await scene.rests('Gamma', 'stopped', 'stopped');
  await scene.command('Gamma', 'redeploy');
  const workflow = workflowOf(scene, 'Gamma');
  scene.sandbox.control.edit('Gamma', { name: 'Gamma two' });
  await until(deadline, () => scene.object('Gamma two')?.name === 'gamma-two');
  await scene.rests('Gamma two', 'stopped', 'stopped');
  await scene.keep(workflow, 'connector-commands');
  await scene.close();
};

/** A pull under way is given up for a newer image. */
export const overtaken: Life = async (address, keep) => {
  const slow = 'opencti/connector-slow:1';
  const scene = await makeScene(address, keep, { pullTime: (reference) => (reference === slow ? 60_000 : 0) });
  add(scene, 'Delta', slow);
  await until(deadline, async () => (await scene.state('Delta').catch(() => undefined))?.summary.phase === 'deploying');
  scene.sandbox.control.edit('Delta', { image });
  await scene.rests('Delta', 'running', 'started');
  await scene.keep(workflowOf(scene, 'Delta'), 'connector-overtaken');
  await scene.close();
};

/** Continues as new while it runs; the next run goes on with what it was handed. */
export const continued: Life = async (address, keep) => {
  const scene = await makeScene(address, keep);
  add(scene, 'Epsilon');
  await scene.rests('Epsilon', 'running', 'started');
  const handle = handleOf(scene, 'Epsilon');
  const { runId } = await handle.describe();
  await handle.signal(messages.upgrade);
  await until(deadline, async () => (await handle.describe()).runId !== runId);
  scene.sandbox.control.stop('Epsilon');
  await scene.rests('Epsilon', 'stopped', 'stopped');
  await scene.keep(workflowOf(scene, 'Epsilon'), 'connector-continued-1', 'connector-continued-2');
  await scene.close();
};

/** Polls, also an empty, a failed and a blind one, updates and signals, and continues as new at a length. */
export const periods: Life = async (address, keep) => {
  const scene = await makeScene(address, keep, {
    platform: platformArgs({ maxHistory: 110 }),
    before: ({ control }) => void control.add({ name: 'Zeta', image, requested: 'starting', configuration: [] }),
  });
  const { control } = scene.sandbox;
  const handle = scene.stage.client.workflow.getHandle(messages.platformWorkflowId('opencti'));
  const { runId } = await handle.describe();
  const synced = async () => (await handle.query(messages.platformState)).lastSync;
  await scene.rests('Zeta', 'running', 'started');
  control.setFaults({ listing: { mode: 'empty' } });
  await until(deadline, async () => (await synced())?.seen === 0);
  control.setFaults({ listing: null, operations: { connectorsForManagers: { status: 503 } } });
  await until(deadline, async () => (await synced())?.error !== undefined);
  control.clearFaults();
  await handle.signal(messages.nudge, { why: 'a recorded nudge' });
  await until(deadline, async () => (await synced())?.error === undefined);
  await handle.executeUpdate(messages.syncNow, { args: [{}] });
  scene.runtime.down(true);
  await until(deadline, async () => (await synced())?.error?.kind === 'RuntimeUnavailable');
  scene.runtime.down(false);
  await until(deadline, async () => (await synced())?.error === undefined);
  await scene.sweep();
  await until(deadline, async () => (await handle.describe()).runId !== runId);
  for (let poll = 0; poll < 3; poll++) {
    const before = (await synced())?.at;
    await until(deadline, async () => (await synced())?.at !== before);
  }
  await scene.keep(messages.platformWorkflowId('opencti'), 'platform-periods-1', 'platform-periods-2');
  await scene.close();
};

export const lives: readonly Life[] = [whole, faults, commands, overtaken, continued, periods];
