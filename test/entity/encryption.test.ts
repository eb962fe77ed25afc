import { randomBytes } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataConverter } from '../../codec/converter.ts';
import { permanent } from '../../model/errors.ts';
import { cadenza } from '../support/cli.ts';
import { type Ground, eventually, makeGround } from '../support/ground.ts';

const key = randomBytes(32);
const name = 'Discreet Connector';
const excuse = 'the fake engine has had enough';

describe('with temporal.payload_encryption_key', () => {
  let g: Ground;
  const env = (more: Record<string, string> = {}) => ({
    HOME: '/nonexistent',
    CADENZA_HOME: '/nonexistent',
    TEMPORAL_ADDRESS: g.address,
    TEMPORAL_NAMESPACE: g.namespace,
    ...more,
  });
  beforeAll(async () => {
    const converter = dataConverter({ current: key, previous: [] });
    g = await makeGround({
      ...(converter === undefined ? {} : { dataConverter: converter }),
      before: ({ control }, runtime) => {
        control.add({ name, image: 'discreet/image:1', requested: 'starting', configuration: [] });
        runtime.fail('deploy', permanent('CreateRefused', excuse));
      },
    });
    await eventually(async () => {
      const shown = await cadenza(
        ['list', '--json'],
        env({ TEMPORAL__PAYLOAD_ENCRYPTION_KEY: key.toString('base64') }),
      );
      expect(shown.out).toContain(excuse);
    });
    g.runtime.fail('deploy', undefined);
    await eventually(() => expect(g.reported(name)).toBe('started'), 60_000);
  }, 120_000);
  afterAll(() => g.close());

  test('the commands read it with the key', async () => {
    const shown = await cadenza(['list', '--json'], env({ TEMPORAL__PAYLOAD_ENCRYPTION_KEY: key.toString('base64') }));
    expect(JSON.parse(shown.out)).toMatchObject([{ name, requestedStatus: 'start' }]);
    expect(shown.code).toBe(0);
  });

  test('without it they say what to do, and exit with 2', async () => {
    for (const more of [{}, { TEMPORAL__PAYLOAD_ENCRYPTION_KEY: randomBytes(32).toString('base64') }]) {
      const shown = await cadenza(['list'], env(more));
      expect(shown).toMatchObject({ code: 2, out: '' });
      expect(shown.err).toContain('TEMPORAL__PAYLOAD_ENCRYPTION_KEY');
    }
  });

  test('nothing that Temporal stores can be read without the key', async () => {
    const connection = await Connection.connect({ address: g.address });
    const { namespace } = g;
    const { executions } = await connection.workflowService.listWorkflowExecutions({ namespace });
    expect(executions.length).toBeGreaterThanOrEqual(2);
    const histories = await Promise.all(
      executions.map(({ execution }) =>
        connection.workflowService.getWorkflowExecutionHistory({ namespace, execution: execution ?? null }),
      ),
    );
    await connection.close();
    const text = JSON.stringify([executions, histories]);
    const payloads = [...text.matchAll(/"([A-Za-z0-9+/]{8,}=*)"/g)].map(([, b]) => Buffer.from(b ?? '', 'base64'));
    const all = text + payloads.map((bytes) => bytes.toString('latin1')).join('\n');
    expect(all.includes('AES-256-GCM')).toBe(true);
    // A search attribute: searched by, so in clear.
    expect(all.includes('discreet/image:1')).toBe(true);
    expect([name, excuse, 'contractHash', 'requested'].filter((word) => all.includes(word))).toEqual([]);
  });
});
