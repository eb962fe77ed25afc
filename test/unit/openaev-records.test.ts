import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeListing } from '../../platforms/openaev-records.ts';

const raw = (more: object = {}) => ({
  connector_instance_id: 'i1',
  connector_instance_name: 'CrowdStrike-11111111',
  connector_instance_hash: '91e6a12f',
  connector_image: 'openaev/collector-crowdstrike:2.4.0',
  connector_instance_current_status: 'started',
  connector_instance_requested_status: 'starting',
  connector_instance_configurations: [
    { configuration_key: 'A', configuration_value: '1', configuration_is_encrypted: false },
  ],
  ...more,
});
const record = (more: object = {}) => ({
  id: 'i1',
  platform: 'openaev',
  name: 'CrowdStrike-11111111',
  image: 'openaev/collector-crowdstrike:2.4.0',
  contractHash: '91e6a12f',
  currentStatus: 'started',
  requestedStatus: 'start',
  configuration: [{ key: 'A', value: '1', encrypted: false }],
  ...more,
});
const entries = (...given: unknown[]) => ({ connector_instance_configurations: given });
const without = (name: string): object => ({ [name]: undefined });

describe('a record is taken', () => {
  test.each<[string, object, object]>([
    ['as it should be', {}, {}],
    ['never reported', without('connector_instance_current_status'), { currentStatus: null }],
    ['without a request', without('connector_instance_requested_status'), { requestedStatus: 'stop' }],
    ['of an unknown contract', without('connector_image'), { image: '' }],
    [
      'of an unknown contract without its configuration',
      { connector_image: undefined, connector_instance_configurations: undefined },
      { image: '', configuration: [] },
    ],
    ['without entries', entries(), { configuration: [] }],
    [
      'without a value',
      entries({ configuration_key: 'A', configuration_is_encrypted: false }),
      { configuration: [{ key: 'A', value: '', encrypted: false }] },
    ],
    [
      'without a word on encryption',
      entries({ configuration_key: 'A', configuration_value: 'null' }),
      { configuration: [{ key: 'A', value: 'null', encrypted: false }] },
    ],
    [
      'with a serialiser that renames the flag',
      entries({ configuration_key: 'A', configuration_value: 'x', encrypted: true }),
      { configuration: [{ key: 'A', value: 'x', encrypted: true }] },
    ],
    [
      'with both names of the flag',
      entries({ configuration_key: 'A', configuration_value: 'x', configuration_is_encrypted: false, encrypted: true }),
      { configuration: [{ key: 'A', value: 'x', encrypted: false }] },
    ],
    [
      'with a number in it',
      entries({ configuration_key: 'A', configuration_value: 5 }),
      { configuration: [{ key: 'A', value: '5', encrypted: false }] },
    ],
  ])('%s', (_name, given, expected) =>
    expect(decodeListing([raw(given)])).toEqual({ records: [record(expected)], skipped: [], complete: true }),
  );
});

describe('a record is skipped, and the others are not', () => {
  test.each<[string, object, string, boolean]>([
    ['without id', without('connector_instance_id'), 'connector_instance_id is missing', false],
    ['without name', without('connector_instance_name'), 'connector_instance_name is missing', true],
    ['without hash', without('connector_instance_hash'), 'connector_instance_hash is missing', true],
    [
      'without configuration',
      without('connector_instance_configurations'),
      'connector_instance_configurations is missing',
      true,
    ],
    [
      'with an entry that has no key',
      entries({ configuration_value: 'x' }),
      'entry 1 of connector_instance_configurations has no key',
      true,
    ],
    [
      'with an entry that is a list',
      entries({ configuration_key: 'A', configuration_value: [] }),
      'entry 1 of connector_instance_configurations has no readable value',
      true,
    ],
    ['twice', { connector_instance_id: 'i2' }, 'connector_instance_id occurs twice in the listing', true],
  ])('%s', (_name, given, reason, complete) => {
    const listing = decodeListing([raw({ connector_instance_id: 'i2' }), raw(given)]);
    expect(listing.records).toEqual([record({ id: 'i2' })]);
    expect(listing.skipped).toMatchObject([{ requestedStatus: 'start', reason }]);
    expect(listing.complete).toBe(complete);
  });

  test.each([null, 7, 'x', [], undefined])('%j', (item) => {
    const listing = decodeListing([raw(), item]);
    expect(listing.records).toHaveLength(1);
    expect(listing).toMatchObject({ skipped: [{ reason: 'connector_instance_id is missing' }], complete: false });
  });
});

test('nothing in a listing makes it throw', () => {
  const names = Object.keys(raw());
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.constantFrom(...names), fc.jsonValue())), (items) => {
      const { records, skipped } = decodeListing(items);
      expect(records.length + skipped.length).toBe(items.length);
    }),
  );
});
