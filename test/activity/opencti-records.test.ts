import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeListing } from '../../platforms/opencti-records.ts';
import { currentStatus, requestedStatus } from '../../platforms/records.ts';

const raw = (more: object = {}) => ({
  id: 'c1',
  name: 'ipinfo',
  manager_contract_hash: '1f0a9c3e',
  manager_contract_image: 'opencti/connector-ipinfo:7.1',
  manager_current_status: 'started',
  manager_requested_status: 'starting',
  manager_contract_configuration: [{ key: 'A', value: '1', encrypted: null }],
  ...more,
});
const record = (more: object = {}) => ({
  id: 'c1',
  platform: 'opencti',
  name: 'ipinfo',
  image: 'opencti/connector-ipinfo:7.1',
  contractHash: '1f0a9c3e',
  currentStatus: 'started',
  requestedStatus: 'start',
  configuration: [{ key: 'A', value: '1', encrypted: false }],
  ...more,
});

test.each([
  ['started', 'started'],
  ['healthy', 'started'],
  ['running', 'started'],
  ['stopped', 'stopped'],
  ['created', 'stopped'],
  ['exited', 'stopped'],
  ['STARTED', 'stopped'],
  ['', 'stopped'],
  [7, 'stopped'],
  [null, null],
  [undefined, null],
])('current status %s is %s', (given, expected) => expect(currentStatus(given)).toBe(expected));

test.each([
  ['starting', 'start'],
  ['stopping', 'stop'],
  ['stopped', 'stop'],
  ['started', 'stop'],
  [null, 'stop'],
  [undefined, 'stop'],
])('requested status %s is %s', (given, expected) => expect(requestedStatus(given)).toBe(expected));

const entries = (...given: unknown[]) => ({ manager_contract_configuration: given });

describe('a record is taken', () => {
  test.each<[string, object, object]>([
    ['as it should be', {}, {}],
    ['never reported', { manager_current_status: null }, { currentStatus: null }],
    ['without a request', { manager_requested_status: null }, { requestedStatus: 'stop' }],
    ['without an image name', { manager_contract_image: '' }, { image: '' }],
    ['without entries', entries(), { configuration: [] }],
    [
      'with a null value',
      entries({ key: 'A', value: null, encrypted: true }),
      { configuration: [{ key: 'A', value: '', encrypted: true }] },
    ],
    [
      'with an entry of key only',
      entries({ key: 'A' }),
      { configuration: [{ key: 'A', value: '', encrypted: false }] },
    ],
    [
      'with a number for a value',
      entries({ key: 'A', value: 7 }),
      { configuration: [{ key: 'A', value: '7', encrypted: false }] },
    ],
    ['with fields nobody knows', { more: 1 }, {}],
  ])('%s', (_name, given, expected) =>
    expect(decodeListing([raw(given)])).toEqual({ records: [record(expected)], skipped: [], complete: true }),
  );
});

describe('a record is skipped, and the others go on', () => {
  const named = { id: 'c1', name: 'ipinfo', requestedStatus: 'start' };
  test.each<[string, unknown, object, boolean]>([
    ['without a name', raw({ name: null }), { id: 'c1', requestedStatus: 'start', reason: 'name is missing' }, true],
    [
      'without a hash',
      raw({ manager_contract_hash: null }),
      { ...named, reason: 'manager_contract_hash is missing' },
      true,
    ],
    [
      'with an empty hash',
      raw({ manager_contract_hash: '' }),
      { ...named, reason: 'manager_contract_hash is missing' },
      true,
    ],
    [
      'with a null image',
      raw({ manager_contract_image: null }),
      { ...named, reason: 'manager_contract_image is missing' },
      true,
    ],
    [
      'without configuration',
      raw({ manager_contract_configuration: null }),
      { ...named, reason: 'manager_contract_configuration is missing' },
      true,
    ],
    [
      'with an entry without key',
      raw(entries({ key: 'A' }, { value: 's3cret' })),
      { ...named, reason: 'entry 2 of manager_contract_configuration has no key' },
      true,
    ],
    [
      'with a null entry',
      raw(entries(null)),
      { ...named, reason: 'entry 1 of manager_contract_configuration has no key' },
      true,
    ],
    [
      'with an unreadable flag',
      raw(entries({ key: 'A', encrypted: 'yes' })),
      { ...named, reason: 'entry 1 of manager_contract_configuration does not say whether it is encrypted' },
      true,
    ],
    [
      'with an unreadable value',
      raw(entries({ key: 'A', value: ['s3cret'] })),
      { ...named, reason: 'entry 1 of manager_contract_configuration has no readable value' },
      true,
    ],
    ['seen before', raw({ id: 'other' }), { ...named, id: 'other', reason: 'id occurs twice in the listing' }, true],
    ['without an id', raw({ id: null }), { name: 'ipinfo', requestedStatus: 'start', reason: 'id is missing' }, false],
    ['with an empty id', raw({ id: '' }), { name: 'ipinfo', requestedStatus: 'start', reason: 'id is missing' }, false],
    ['null', null, { reason: 'id is missing' }, false],
    ['no object', 'x', { reason: 'id is missing' }, false],
  ])('%s', (_name, given, skipped, complete) =>
    expect(decodeListing([raw({ id: 'other' }), given])).toEqual({
      records: [record({ id: 'other' })],
      skipped: [skipped],
      complete,
    }),
  );
});

test.each([
  [0, true],
  [499, true],
  [500, true],
  [501, true],
])('a listing of %i records is complete: %s', (count, complete) =>
  expect(decodeListing(Array.from({ length: count }, (_, i) => raw({ id: `c${i}` }))).complete).toBe(complete),
);

test('whatever comes is either a record or told of, and an unreadable id is never a complete listing', () =>
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(raw()), fc.anything(), fc.record({ id: fc.anything() }))), (items) => {
      const { records, skipped, complete } = decodeListing(items);
      expect(records.length + skipped.length).toBe(items.length);
      if (skipped.some((s) => s.id === undefined)) expect(complete).toBe(false);
    }),
  ));
