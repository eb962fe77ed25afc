import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectorEnvironment } from '../../model/environment.ts';
import { type Problem, retryable } from '../../model/errors.ts';
import { decryptConfiguration } from '../../platforms/decrypt.ts';
import { type Ground, eventually, groundImage, makeGround } from '../support/ground.ts';
import { scenes, settled } from '../support/scenes.ts';
import { testKey } from '../support/stage.ts';

/** What fails comes right by itself, in its own time, without a person. */
describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('a step that fails', () => {
  let g: Ground;
  let s: ReturnType<typeof scenes>;
  beforeAll(async () => {
    g = await makeGround({
      settings: {
        environment: ({ configuration, contractHash }) => {
          const { entries } = decryptConfiguration(configuration, [testKey()]);
          return { env: connectorEnvironment({ entries, contractHash, urls: {} }).variables };
        },
      },
    });
    s = scenes(g);
  });
  afterAll(() => g.close());

  const secretive = (name: string): string =>
    g.sandbox.control.add({
      name,
      image: groundImage,
      requested: 'starting',
      configuration: [{ key: 'API_SECRET', value: `secret-of-${name}`, secret: true }],
    }).id;
  const failing = (id: string, kind: string) =>
    eventually(async () => {
      expect((await g.listed()).get(id)).toMatchObject({ phase: 'failed', lastError: { kind } });
      expect((await g.state(id)).memory.failure).toMatchObject({ attempts: 1, error: { kind } });
    }, settled);
  const well = (id: string) =>
    eventually(async () => {
      expect(s.only(id).state).toBe('running');
      expect(g.reported(id)).toBe('started');
      expect((await g.listed()).get(id)).toMatchObject({ phase: 'running', lastError: null });
    }, settled);

  test('is tried again after half a minute, whatever wakes it before, and then all is well', async () => {
    const starting = s.add('Does not start', 'stopped');
    const swapping = s.add('Is not replaced');
    await eventually(() => expect(g.reported(starting)).toBe('stopped'), settled);
    const [down, up] = [{ ...s.only(starting) }, await s.up(swapping)];
    g.runtime.fail('start', retryable('StartFailed', 'the port is taken'));
    g.runtime.fail('refresh', retryable('SwapUndone', 'the new one did not come up'));
    g.sandbox.control.start(starting);
    g.sandbox.control.edit(swapping, { configuration: [{ key: 'PACE', value: '2' }] });
    await failing(starting, 'StartFailed');
    await failing(swapping, 'SwapUndone');
    g.runtime.fail('pull', retryable('ImagePull', 'the registry does not have it'));
    const pulling = secretive('Is not pulled');
    await failing(pulling, 'ImagePull');
    expect([g.objects(pulling), s.only(starting), s.only(swapping)]).toEqual([[], down, up]);
    expect([pulling, starting, swapping].map((id) => s.told(id).includes('started'))).toEqual([false, false, true]);
    for (const [id, line] of [
      [starting, 'the port is taken'],
      [swapping, 'the new one did not come up'],
      [pulling, 'the registry does not have it'],
    ] as const)
      await eventually(() => expect(g.sandbox.control.connector(id).logs.join('\n')).toContain(line), settled);

    for (const method of ['start', 'refresh', 'pull'] as const) g.runtime.fail(method, undefined);
    const due = await Promise.all([starting, swapping, pulling].map(async (id) => (await g.state(id)).memory.failure));
    for (const failure of due) {
      const delay = (failure?.retryAt ?? 0) - Date.parse(failure?.since ?? '');
      expect(delay).toBeGreaterThanOrEqual(24_000);
      expect(delay).toBeLessThanOrEqual(36_000);
    }
    const workflow = g.stage().client.workflow;
    for (const id of [starting, swapping, pulling])
      await workflow.getHandle(`connector:opencti:${id}`).signal('wake', { event: 'die' });
    for (const id of [starting, swapping, pulling]) await well(id);
    expect(s.only(starting).ref).toBe(down.ref);
    expect(s.only(swapping).ref).not.toBe(up.ref);
    for (const [i, id] of [starting, swapping, pulling].entries())
      expect(Date.parse(s.only(id).startedAt ?? '')).toBeGreaterThanOrEqual(due[i]?.retryAt ?? Infinity);
    expect(s.told(swapping)).toEqual(['started']);
  }, 180_000);

  test('is tried at once when the platform asks for something else', async () => {
    const id = s.add('Edited while it waits');
    const before = await s.up(id);
    g.runtime.fail('refresh', retryable('SwapUndone', 'the new one did not come up'));
    g.sandbox.control.edit(id, { configuration: [{ key: 'PACE', value: 'bad' }] });
    await failing(id, 'SwapUndone');
    const { failure } = (await g.state(id)).memory;
    g.runtime.fail('refresh', undefined);
    g.sandbox.control.edit(id, { configuration: [{ key: 'PACE', value: 'good' }] });
    await well(id);
    expect(s.only(id).ref).not.toBe(before.ref);
    expect(Date.parse(s.only(id).createdAt ?? '')).toBeLessThan(failure?.retryAt ?? 0);
  }, 120_000);

  test('for want of a secret leaves what runs alone, but a stop is still a stop', async () => {
    const id = secretive('Null secret');
    const before = await s.up(id);
    g.sandbox.control.setFaults({ listing: { nullSecrets: [id] } });
    await eventually(async () => {
      expect((await g.listed()).get(id)?.lastError).toMatchObject({ kind: 'DecryptionFailed' });
      expect(g.sandbox.control.connector(id).logs.join('\n')).toMatch(/decrypt_failed.*API_SECRET/);
    }, settled);
    expect(s.only(id)).toEqual(before);
    g.sandbox.control.stop(id);
    await eventually(() => expect(g.reported(id)).toBe('stopped'), settled);
    expect(s.only(id)).toMatchObject({ ref: before.ref, state: 'down', contractHash: before.contractHash });
    g.sandbox.control.clearFaults();
    g.sandbox.control.start(id);
    await well(id);
    expect(g.runtime.environment(id)).toContainEqual({
      key: 'API_SECRET',
      value: 'secret-of-Null secret',
      sensitive: true,
    });
  }, 120_000);

  test('with an error that quotes the whole environment tells history nothing of it', async () => {
    const name = 'Indiscreet engine';
    g.runtime.fail('deploy', new Error(`POST /containers: API_SECRET=secret-of-${name}`) as Problem);
    const id = secretive(name);
    await failing(id, 'Unexpected');
    g.runtime.fail('deploy', undefined);
    await g.command(id, 'reconcile');
    await well(id);
    const secrets = g.sandbox.control.secrets();
    expect(secrets).toContain(`secret-of-${name}`);
    const { client } = g.stage();
    const texts: string[] = [];
    for await (const { workflowId, runId, memo, searchAttributes } of client.workflow.list()) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      texts.push(historyToJSON(history), JSON.stringify([memo, searchAttributes]));
    }
    const stored = texts.join('\n');
    const payloads = [...stored.matchAll(/"([A-Za-z0-9+/]{8,}=*)"/g)].map(([, b]) => Buffer.from(b ?? '', 'base64'));
    const all = stored + payloads.map((bytes) => bytes.toString('utf8')).join('\n');
    expect(all, 'payloads can be read here').toContain(`"name":"${name}"`);
    expect(all).toContain('unexpected error in deploy');
    expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
  }, 120_000);
});
