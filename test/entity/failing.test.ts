import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { permanent, retryable } from '../../model/errors.ts';
import { configuredOne } from '../../worker/platforms.ts';
import type { SiteSettings } from '../../worker/site.ts';
import { type Ground, eventually, groundImage, groundManager, makeGround } from '../support/ground.ts';
import { testKey } from '../support/stage.ts';

const settled = 60_000;

/** How the product decrypts and completes references, for the manager's key of the stage. */
async function productSettings(): Promise<Partial<SiteSettings>> {
  const env = {
    MANAGER__ID: groundManager,
    MANAGER__CREDENTIALS_KEY: testKey().export({ type: 'pkcs8', format: 'pem' }).toString(),
    OPENCTI__ENABLE: 'true',
    OPENCTI__URL: 'http://sandbox.test',
    OPENCTI__TOKEN: 'token-of-the-test',
    OPENCTI__DAEMON__SELECTOR: 'docker',
  };
  const loaded = loadConfig({ env, cwd: '/nonexistent' });
  if (!loaded.ok) throw new Error(loaded.text);
  const nothing = () => undefined;
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const { settings, client, runtime } = configuredOne(loaded.config, 'opencti', ['opencti'], loaded.keys, env, log);
  runtime.close();
  await client.close();
  const { environment, resolveImage } = settings;
  return { environment, resolveImage };
}

/** One connector is in trouble; it says so, keeps what it has, and nobody else notices. */
describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('a connector that cannot be', () => {
  let g: Ground;
  beforeAll(async () => {
    g = await makeGround({
      settings: await productSettings(),
      before: ({ control }) =>
        void control.add({ name: 'Bystander', image: groundImage, requested: 'starting', configuration: [] }),
    });
    await eventually(() => expect(g.reported('Bystander')).toBe('started'), settled);
  });
  afterAll(async () => {
    const { ref } = g.objectsOf('Bystander')[0] ?? {};
    expect(ref).toBeDefined();
    await g.close();
  });

  const add = (name: string, image = groundImage): string =>
    g.sandbox.control.add({
      name,
      image,
      requested: 'starting',
      configuration: [
        { key: 'PACE', value: '1' },
        { key: 'API_SECRET', value: `plain-${name}`, secret: true },
      ],
    }).id;
  const error = async (id: string) => (await g.listed()).get(id)?.lastError ?? null;
  const fails = (id: string, kind: string) =>
    eventually(async () => expect(await error(id)).toMatchObject({ kind }), settled);
  const runs = async (name: string) => {
    await eventually(() => {
      expect(g.reported(name)).toBe('started');
      expect(g.objectsOf(name)).toMatchObject([{ state: 'running' }]);
    }, settled);
    return g.objectsOf(name)[0];
  };
  const logs = (name: string) => g.sandbox.control.connector(name).logs.join('\n');

  test('a secret that does not decrypt: nothing is deployed with it, and the platform reads why', async () => {
    g.sandbox.control.setFaults({ listing: { corruptSecrets: ['*'] } });
    const id = add('Undecryptable');
    await fails(id, 'DecryptionFailed');
    expect(g.objects(id)).toEqual([]);
    await eventually(() => expect(logs('Undecryptable')).toMatch(/API_SECRET|decrypt/), settled);
    g.sandbox.control.clearFaults();
    await g.command(id, 'reconcile');
    await runs('Undecryptable');
    expect(g.runtime.environment(id)).toContainEqual({
      key: 'API_SECRET',
      value: 'plain-Undecryptable',
      sensitive: true,
    });
  }, 120_000);

  test('a running one whose new secret does not decrypt keeps running as it is', async () => {
    const id = add('Keeps its secret');
    const before = await runs('Keeps its secret');
    g.sandbox.control.setFaults({ listing: { corruptSecrets: [id] } });
    g.sandbox.control.edit(id, { configuration: [{ key: 'API_SECRET', value: 'another one', secret: true }] });
    await fails(id, 'DecryptionFailed');
    expect(g.objects(id)).toEqual([before]);
    expect(g.reported('Keeps its secret')).toBe('started');
    g.sandbox.control.clearFaults();
    await g.command(id, 'reconcile');
    await eventually(
      () => expect(g.runtime.environment(id)?.some((e) => e.value === 'another one')).toBe(true),
      settled,
    );
    await runs('Keeps its secret');
  }, 120_000);

  test('null and missing fields in its record: it is told of, and what runs stays', async () => {
    const id = add('Half a record');
    const before = await runs('Half a record');
    const calls = g.runtime.calls.length;
    g.sandbox.control.setFaults({ listing: { nullFields: { [id]: ['manager_contract_hash'] } } });
    await g.polls(2);
    g.sandbox.control.setFaults({ listing: { nullFields: null, missingFields: { [id]: ['manager_contract_image'] } } });
    await g.polls(2);
    expect(await g.sweep()).toEqual([]);
    expect(g.objects(id)).toEqual([before]);
    expect(g.runtime.calls.slice(calls)).toEqual([]);
    g.sandbox.control.clearFaults();
  }, 120_000);

  test.each([
    ['without an image', ''],
    ['with one that is no reference', 'Not A Reference!!'],
  ])(
    '%s: never created, and it says why',
    async (name, image) => {
      const id = add(`Image ${name}`, image);
      await eventually(async () => expect(await error(id)).not.toBeNull(), settled);
      expect(g.objects(id)).toEqual([]);
      expect((await error(id))?.message).toMatch(/image/i);
    },
    120_000,
  );

  test('an image that cannot be pulled: tried again later, then it runs', async () => {
    g.runtime.fail('pull', retryable('ImagePull', 'the registry does not have it'));
    const id = add('Waits for its image');
    await fails(id, 'ImagePull');
    expect(g.objects(id)).toEqual([]);
    const before = g.objectsOf('Bystander');
    g.runtime.fail('pull', undefined);
    await g.command(id, 'reconcile');
    await runs('Waits for its image');
    expect(await error(id)).toBeNull();
    expect(g.objectsOf('Bystander')).toEqual(before);
  }, 120_000);

  test('a replacement that is undone leaves the old container, and is tried again', async () => {
    const id = add('Swapped back');
    const before = await runs('Swapped back');
    g.runtime.fail('refresh', retryable('SwapUndone', 'the new one did not start'));
    g.sandbox.control.edit(id, { configuration: [{ key: 'PACE', value: '2' }] });
    await fails(id, 'SwapUndone');
    expect(g.objects(id)).toEqual([before]);
    g.runtime.fail('refresh', undefined);
    await g.command(id, 'reconcile');
    await eventually(() => expect(g.objects(id)[0]?.ref).not.toBe(before?.ref), settled);
    await runs('Swapped back');
  }, 120_000);

  test('a create that the engine refuses is told with the engine’s reason', async () => {
    g.runtime.fail('deploy', permanent('CreateRefused', 'the engine refused: no such network'));
    const id = add('Refused');
    await fails(id, 'CreateRefused');
    expect((await error(id))?.message).toContain('no such network');
    expect(g.reported('Refused')).not.toBe('started');
    g.runtime.fail('deploy', undefined);
    await g.command(id, 'reconcile');
    await runs('Refused');
  }, 120_000);

  test('a status the platform does not take is told later, the newest one only', async () => {
    const id = add('Told late');
    await runs('Told late');
    g.sandbox.control.setFaults({ operations: { updateConnectorCurrentStatus: { status: 503 } } });
    g.sandbox.control.stop(id);
    await eventually(() => expect(g.objects(id)[0]?.state).toBe('down'), settled);
    g.sandbox.control.start(id);
    await eventually(() => expect(g.objects(id)[0]?.state).toBe('running'), settled);
    g.sandbox.control.stop(id);
    await eventually(() => expect(g.objects(id)[0]?.state).toBe('down'), settled);
    const heard = g.sandbox.control.statusCalls(id).length;
    g.sandbox.control.clearFaults();
    await eventually(() => expect(g.reported('Told late')).toBe('stopped'), settled);
    expect(
      g.sandbox.control
        .statusCalls(id)
        .slice(heard)
        .map((c) => c.status),
    ).toEqual(['stopped']);
  }, 180_000);

  test('after all of it no secret is in a history, a memo or a log', async () => {
    const { client, logged } = g.stage();
    const texts = [...logged];
    for await (const info of client.workflow.list()) {
      const history = await client.workflow.getHandle(info.workflowId, info.runId).fetchHistory();
      texts.push(JSON.stringify([info.memo, history]));
    }
    const plain = texts.join('\n');
    const decoded = [...plain.matchAll(/"([A-Za-z0-9+/]{16,}=*)"/g)].map(([, b]) =>
      Buffer.from(b ?? '', 'base64').toString('latin1'),
    );
    const all = plain + decoded.join('\n');
    const secrets = g.sandbox.control.secrets().filter((s) => s.length >= 6);
    expect(secrets.length).toBeGreaterThan(5);
    expect(secrets.filter((s) => all.includes(s))).toEqual([]);
  });
});
