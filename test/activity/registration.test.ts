import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Registration, registration } from '../../activities/registration.ts';
import { openaev } from '../../platforms/openaev.ts';
import type { PlatformClient } from '../../platforms/platform.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { vectorKey } from '../unit/decrypt-vectors.ts';

const signal = new AbortController().signal;
const minute = 60_000;

/** OpenAEV lets the last manager that registers win, without a word to the one before. */
describe('this manager and another one at OpenAEV', () => {
  let sandbox: Sandbox;
  let client: PlatformClient;
  let now: number;
  let own: Registration;
  const said: string[] = [];
  const managers = () => sandbox.control.openaev.managers().map((m) => m.id);

  beforeEach(async () => {
    said.length = 0;
    now = Date.now();
    sandbox = await startSandbox({ token: 'admin-token' });
    client = openaev({
      url: sandbox.url,
      token: 'admin-token',
      manager: { id: 'own', name: 'Own' },
      key: vectorKey,
      unsecuredCertificate: false,
      withProxy: false,
      proxyCa: [],
      requestTimeoutMs: 2_000,
      connectTimeoutMs: 1_000,
      listingTimeoutMs: 2_000,
    });
    own = registration(
      client,
      () => now,
      (text) => said.push(text),
    );
    await own.ensure(signal);
  });
  afterEach(async () => {
    await client.close();
    await sandbox.close();
  });

  test('a platform that forgot it, as after a reset, gets it registered again', async () => {
    sandbox.control.openaev.forgetManagers();
    await own.ping(signal);
    expect(managers()).toEqual(['own']);
    now += 11 * minute;
    sandbox.control.openaev.forgetManagers();
    await own.ping(signal);
    expect(managers()).toEqual(['own']);
    expect(own.refusal()).toBeUndefined();
  });

  test('one that takes the place again and again is a conflict: nothing is done, and five minutes later it is tried', async () => {
    sandbox.control.openaev.usurp('other');
    await own.ping(signal);
    expect(managers()).toEqual(['own']);
    now += minute;
    sandbox.control.openaev.usurp('other');
    await expect(own.ping(signal)).rejects.toMatchObject({ type: 'ManagerConflict' });
    expect(managers()).toEqual(['other']);
    expect(own.refusal()).toMatchObject({ type: 'ManagerConflict', kind: 'permanent' });
    now += 4 * minute;
    await expect(own.ensure(signal)).rejects.toMatchObject({ type: 'ManagerConflict' });
    expect(managers()).toEqual(['other']);
    now += 2 * minute;
    await own.ensure(signal);
    expect(managers()).toEqual(['own']);
    expect(own.refusal()).toBeUndefined();
    // Taken again soon after that attempt: the two still do it in turn, however long it has been going on.
    now += 8 * minute;
    sandbox.control.openaev.usurp('other');
    await expect(own.ping(signal)).rejects.toMatchObject({ type: 'ManagerConflict' });
    expect(managers()).toEqual(['other']);
  });

  test('a request made before it was registered again says nothing about it', async () => {
    sandbox.control.openaev.usurp('other');
    const asked = now;
    now += 10;
    await own.again(asked, signal);
    await own.again(asked, signal);
    expect(own.refusal()).toBeUndefined();
    expect(managers()).toEqual(['own']);
    expect(said.filter((text) => text.includes('registering again'))).toHaveLength(1);
  });
});
