import { beforeEach, describe, expect, test } from 'vitest';
import { type Records, records } from '../../activities/records.ts';
import type { ConnectorRecord, Listing } from '../../model/connector.ts';

const record = (id: string, over: Partial<ConnectorRecord> = {}): ConnectorRecord => ({
  id,
  platform: 'opencti',
  name: `Connector ${id}`,
  image: 'opencti/connector:1',
  contractHash: `hash-${id}`,
  currentStatus: null,
  requestedStatus: 'start',
  configuration: [
    { key: 'CONNECTOR_ID', value: `own-${id}`, encrypted: false },
    { key: 'OPENCTI_TOKEN', value: 'ciphertext', encrypted: true },
  ],
  ...over,
});
const listing = (list: readonly ConnectorRecord[], over: Partial<Listing> = {}): Listing => ({
  records: list,
  skipped: [],
  complete: true,
  ...over,
});
const specHash = (image: string): string => `spec of ${image}`;

describe('the last good listing', () => {
  let kept: Records;
  beforeEach(() => {
    kept = records();
  });

  test('before the first there is nothing, and nobody is proven absent', () => {
    expect(kept.listedAt()).toBe(0);
    expect(kept.complete()).toBe(false);
    expect([kept.all(), kept.skipped(), kept.desired('a'), kept.record('a')]).toEqual([[], [], undefined, undefined]);
  });

  test('gives what is wanted of a connector, without its configuration', () => {
    kept.put(listing([record('a', { currentStatus: 'stopped' })]), Date.parse('2030-01-10T12:00:00.000Z'), specHash);
    expect(kept.desired('a')).toMatchObject({
      id: 'a',
      name: 'Connector a',
      contractHash: 'hash-a',
      specHash: 'spec of opencti/connector:1',
      requested: 'start',
      reported: 'stopped',
      variableId: 'own-a',
      listedAt: '2030-01-10T12:00:00.000Z',
      names: { legacy: 'connector-a' },
    });
    expect(JSON.stringify(kept.all())).not.toContain('ciphertext');
    expect(kept.record('a')?.configuration).toHaveLength(2);
  });

  test('a connector is known by the variable its own platform uses, whatever else it sets', () => {
    const of = (id: string, ...given: readonly (readonly [string, string])[]) =>
      record(id, {
        platform: 'openaev',
        configuration: given.map(([key, value]) => ({ key, value, encrypted: false })),
      });
    const all = [
      of('a', ['CONNECTOR_ID', 'other'], ['COLLECTOR_ID', 'c1'], ['COLLECTOR_ID', 'c2']),
      of('b', ['INJECTOR_ID', 'i']),
      of('c', ['COLLECTOR_ID', ''], ['EXECUTOR_ID', 'e']),
      of('d', ['SECRETS_PROVIDER_ID', 's']),
      of('e', ['CONNECTOR_ID', 'other']),
    ];
    kept.put(listing(all), 1, specHash);
    expect(kept.all().map((d) => d.variableId)).toEqual(['c2', 'i', 'e', 's', 'e']);
  });

  test('a connector is known by its id where the variable is encrypted or missing', () => {
    const hidden = { configuration: [{ key: 'CONNECTOR_ID', value: 'ciphertext', encrypted: true }] };
    kept.put(listing([record('a', hidden), record('b', { configuration: [] })]), 1, specHash);
    expect(kept.all().map((d) => d.variableId)).toEqual(['a', 'b']);
  });

  test('is replaced as a whole; an older one that comes late changes nothing', () => {
    kept.put(listing([record('a'), record('b')]), 10, specHash);
    kept.put(listing([record('b', { requestedStatus: 'stop' })]), 20, specHash);
    kept.put(listing([record('a')], { complete: false }), 15, specHash);
    expect(kept.all().map((d) => [d.id, d.requested])).toEqual([['b', 'stop']]);
    expect([kept.listedAt(), kept.complete()]).toEqual([20, true]);
  });

  test('keeps what could not be read, and that such a listing proves nothing', () => {
    const skipped = [{ id: 'x', reason: 'no name' }];
    kept.put(listing([record('a')], { skipped, complete: false }), 1, specHash);
    expect([kept.skipped(), kept.complete()]).toEqual([skipped, false]);
    kept.put(listing([record('a')]), 2, specHash);
    expect([kept.skipped(), kept.complete()]).toEqual([[], true]);
  });

  test('two of one name get names of their own, whatever their order', () => {
    const twins = [record('a', { name: 'Same' }), record('b', { name: 'same' })];
    kept.put(listing(twins), 1, specHash);
    const first = kept.all().map((d) => [d.id, d.names]);
    kept.put(listing(twins.toReversed()), 2, specHash);
    expect(kept.all().map((d) => [d.id, d.names])).toEqual(first.toReversed());
    expect(new Set(kept.all().map((d) => d.names.safe)).size).toBe(2);
  });
});
