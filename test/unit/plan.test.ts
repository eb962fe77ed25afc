import { describe, expect, test } from 'vitest';
import type { Status } from '../../model/connector.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import { planRemoval } from '../../model/plan.ts';
import { defaultPolicy } from '../../model/policy.ts';
import { lifeOf, think, walk } from '../support/life.ts';
import {
  carryOut,
  connectorId,
  crash,
  desiredOf,
  memoryOf,
  minute,
  objectOf,
  ownLabels,
  second,
  seen,
  t0,
  worldOf,
} from '../support/world.ts';

type Kept = 'missing' | 'down' | 'up';
interface Row {
  readonly row: number;
  readonly says: string;
  readonly object: Kept;
  readonly told: Status | null;
  readonly wants: 'start' | 'stop';
  readonly hash?: 'old';
  /** What is done and told, in order. */
  readonly does: readonly string[];
}

/** Rows of one connector: what is there, what the platform shows, what is asked for; and what Cadenza then does and tells. */
const rows: readonly Row[] = [
  {
    row: 1,
    says: 'a new connector that shall be stopped gets a container that is not started',
    object: 'missing',
    told: 'stopped',
    wants: 'stop',
    does: ['deploy'],
  },
  {
    row: 1,
    says: 'a connector never reported before is reported once, even as stopped',
    object: 'missing',
    told: null,
    wants: 'stop',
    does: ['deploy', 'tell stopped'],
  },
  {
    row: 2,
    says: 'a stopped connector without a container is told as stopped before the long download',
    object: 'missing',
    told: 'started',
    wants: 'stop',
    does: ['tell stopped', 'deploy'],
  },
  {
    row: 3,
    says: 'a new connector that shall run is deployed, started and told',
    object: 'missing',
    told: 'stopped',
    wants: 'start',
    does: ['deploy and start', 'tell started'],
  },
  {
    row: 4,
    says: 'a container removed by hand comes back, and the platform sees no flap',
    object: 'missing',
    told: 'started',
    wants: 'start',
    does: ['deploy and start'],
  },
  { row: 5, says: 'a stopped connector is left alone', object: 'down', told: 'stopped', wants: 'stop', does: [] },
  {
    row: 5,
    says: 'a stopped connector never reported is reported once',
    object: 'down',
    told: null,
    wants: 'stop',
    does: ['tell stopped'],
  },
  {
    row: 6,
    says: 'start in the platform starts it',
    object: 'down',
    told: 'stopped',
    wants: 'start',
    does: ['start', 'tell started'],
  },
  {
    row: 7,
    says: 'a wrong "started" in the platform is put right',
    object: 'down',
    told: 'started',
    wants: 'stop',
    does: ['tell stopped'],
  },
  {
    row: 8,
    says: 'a connector that ended is started again, and the platform sees no flap',
    object: 'down',
    told: 'started',
    wants: 'start',
    does: ['start'],
  },
  {
    row: 9,
    says: 'one started by hand against the wish is stopped',
    object: 'up',
    told: 'stopped',
    wants: 'stop',
    does: ['stop'],
  },
  {
    row: 10,
    says: 'one that runs as wanted is told as started',
    object: 'up',
    told: 'stopped',
    wants: 'start',
    does: ['tell started'],
  },
  {
    row: 10,
    says: 'one that runs as wanted and was never reported is told as started',
    object: 'up',
    told: null,
    wants: 'start',
    does: ['tell started'],
  },
  {
    row: 11,
    says: 'stop in the platform stops it and tells so',
    object: 'up',
    told: 'started',
    wants: 'stop',
    does: ['stop', 'tell stopped'],
  },
  {
    row: 12,
    says: 'one that runs and is known to run is left alone',
    object: 'up',
    told: 'started',
    wants: 'start',
    does: [],
  },
  {
    row: 13,
    says: 'a stopped one with an old configuration is replaced but not started',
    object: 'down',
    told: 'stopped',
    wants: 'stop',
    hash: 'old',
    does: ['refresh'],
  },
  {
    row: 14,
    says: 'the same, but the platform believes it runs: told first',
    object: 'down',
    told: 'started',
    wants: 'stop',
    hash: 'old',
    does: ['tell stopped', 'refresh'],
  },
  {
    row: 15,
    says: 'a stopped one with an old configuration that shall run is replaced and started',
    object: 'down',
    told: 'stopped',
    wants: 'start',
    hash: 'old',
    does: ['refresh and start', 'tell started'],
  },
  {
    row: 16,
    says: 'one that ended while its configuration changed is replaced and started',
    object: 'down',
    told: 'started',
    wants: 'start',
    hash: 'old',
    does: ['refresh and start'],
  },
  {
    row: 17,
    says: 'one that runs unknown to the platform is told before its replacement',
    object: 'up',
    told: 'stopped',
    wants: 'start',
    hash: 'old',
    does: ['tell started', 'refresh and start'],
  },
  {
    row: 18,
    says: 'a running one with an old configuration is replaced without a flap',
    object: 'up',
    told: 'started',
    wants: 'start',
    hash: 'old',
    does: ['refresh and start'],
  },
  {
    row: 19,
    says: 'one that runs against the wish with an old configuration is stopped, then replaced',
    object: 'up',
    told: 'stopped',
    wants: 'stop',
    hash: 'old',
    does: ['stop', 'refresh'],
  },
  {
    row: 20,
    says: 'stop together with a new configuration: stop, tell, replace',
    object: 'up',
    told: 'started',
    wants: 'stop',
    hash: 'old',
    does: ['stop', 'tell stopped', 'refresh'],
  },
];

describe('the main table', () => {
  test.each(rows)('row $row: $says', ({ object, told, wants, hash, does }) => {
    const contractHash = hash ?? 'new';
    const objects =
      object === 'missing' ? [] : [objectOf({ contractHash, state: object === 'up' ? 'running' : 'down' })];
    const life = lifeOf(worldOf(...objects), { desired: desiredOf({ requested: wants, reported: told }) });
    const end = walk(life);
    expect(end.trail).toEqual(does);
    expect(end.life.world.objects).toMatchObject([
      { name: 'mitre-att-ck', contractHash: 'new', state: wants === 'start' ? 'running' : 'down' },
    ]);
    expect(walk(end.life).trail).toEqual([]);
  });

  test('row 4: the log says that the container was removed outside Cadenza', () => {
    const life = lifeOf(worldOf(), { desired: desiredOf({ reported: 'started' }) });
    expect(think(life).plan.steps).toMatchObject([{ reason: 'its container was removed outside Cadenza' }]);
    expect(think(lifeOf(worldOf())).plan.steps).toMatchObject([{ reason: 'it has no container yet' }]);
  });

  test('row 8: an end nobody asked for is counted, and the restart is at once', () => {
    const running = walk(lifeOf(worldOf(objectOf()), { desired: desiredOf({ reported: 'started' }) })).life;
    const end = walk({ ...running, world: crash(running.world, 'c0') });
    expect(end.trail).toEqual(['start']);
    expect(end.life.memory).toMatchObject({ crashes: 1, restarts: 1 });
  });

  test('rows 3, 6 and 15: what ends at once after its start is not told as started', () => {
    const told = { reported: 'stopped' } as const;
    for (const objects of [[], [objectOf({ state: 'down' })], [objectOf({ state: 'down', contractHash: 'old' })]]) {
      let life = lifeOf(worldOf(...objects), { desired: desiredOf(told) });
      const [step] = think(life).plan.steps;
      if (step === undefined) throw new Error('nothing planned');
      life = { ...life, world: carryOut(life.world, step, life.desired) };
      const ref = life.world.objects[0]?.ref ?? '';
      const { plan } = think({ ...life, world: crash(life.world, ref) });
      expect(plan.report).toBeUndefined();
      expect(plan.steps).toMatchObject([{ kind: 'start' }]);
    }
  });

  test('row 16: the count of a crash loop starts anew with the new configuration', () => {
    const looping = memoryOf({ crashes: 9, looping: true, startDueAt: t0 + 60 * minute, requested: 'start' });
    const life = lifeOf(worldOf(objectOf({ state: 'down', contractHash: 'old' })), { memory: looping });
    const { plan } = think(life, desiredOf({ contractHash: 'old' }));
    expect(plan.steps).toMatchObject([{ kind: 'refresh', start: true }]);
  });

  test('row 21: what its platform no longer lists is removed, all of it, and nothing of anybody else', () => {
    const objects = [
      objectOf({ ref: 'ours' }),
      objectOf({ ref: 'half', name: 'mitre-att-ck-next', state: 'down' }),
      objectOf({ ref: 'other manager', name: 'a', labels: { ...ownLabels, [managerLabel]: 'somebody' } }),
      objectOf({ ref: 'other platform', name: 'b', labels: { ...ownLabels, [platformLabel]: 'openaev' } }),
      objectOf({ ref: 'other connector', name: 'c', labels: { ...ownLabels, [connectorLabel]: 'another' } }),
      objectOf({ ref: 'no labels', name: 'd', labels: {}, runsConnector: true }),
    ];
    const removal = planRemoval(connectorId, 'opencti', seen(objects), defaultPolicy, t0);
    expect(removal.steps.map((s) => [s.kind, 'ref' in s ? s.ref : ''])).toEqual([
      ['remove', 'half'],
      ['remove', 'ours'],
    ]);
    expect(planRemoval(connectorId, 'opencti', seen([]), defaultPolicy, t0)).toEqual({ steps: [], phase: 'retired' });
  });

  test('row 21: while the runtime does not answer nothing is taken for removed', () => {
    const removal = planRemoval(connectorId, 'opencti', { kind: 'unknown', message: 'no answer' }, defaultPolicy, t0);
    expect(removal).toMatchObject({ steps: [], hold: 'no answer', wakeAt: t0 + 5 * second });
    expect(removal.phase).not.toBe('retired');
  });
});
