import type { RuntimeObject } from '../../model/connector.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import { type Memory, newMemory } from '../../model/memory.ts';
import { safeName } from '../../model/names.ts';
import type { Desired, Seen } from '../../model/observation.ts';
import type { Step } from '../../model/plan.ts';
import { defaultPolicy } from '../../model/policy.ts';

/**
 * A little world for the decisions to act upon: an engine with containers and a clock, without any waiting. Every
 * function answers with a new world; the worlds in between (a replacement under way) can be had too.
 */
export interface World {
  readonly now: number;
  readonly objects: readonly RuntimeObject[];
  /** Number of the next container. */
  readonly serial: number;
}

export const t0 = Date.parse('2026-01-01T00:00:00.000Z');
export const second = 1_000;
export const minute = 60_000;
export const iso = (time: number): string => new Date(time).toISOString();
export const manager = defaultPolicy.managerIds[0] ?? '';
export const connectorId = '5b0e8f3a-6a0c-4f0e-9d55-0c7f3f1f9a01';

export const desiredOf = (more: Partial<Desired> = {}): Desired => {
  const name = more.name ?? 'Mitre ATT&CK';
  return {
    id: connectorId,
    platform: 'opencti',
    name,
    image: 'opencti/connector-mitre:6.9.0',
    contractHash: 'new',
    specHash: 'spec',
    requested: 'start',
    reported: 'stopped',
    names: { legacy: 'mitre-att-ck', safe: safeName(name, '24c91f6c'), legacyUsable: true },
    variableId: connectorId,
    listedAt: iso(t0),
    ...more,
  };
};

export const ownLabels: Readonly<Record<string, string>> = {
  [managerLabel]: manager,
  [connectorLabel]: connectorId,
  [platformLabel]: 'opencti',
};

/** A container of the connector as wanted, started a day ago; `down` ones ended an hour ago. */
export const objectOf = (more: Partial<RuntimeObject> = {}): RuntimeObject => ({
  ref: 'c0',
  name: 'mitre-att-ck',
  labels: ownLabels,
  contractHash: 'new',
  specHash: 'spec',
  state: 'running',
  createdAt: iso(t0 - 48 * 60 * minute),
  startedAt: iso(t0 - 24 * 60 * minute),
  runtimeRestarts: 0,
  ...(more.state === 'down' ? { finishedAt: iso(t0 - 60 * minute), exitCode: 0 } : {}),
  ...more,
});

export const memoryOf = (more: Partial<Memory> = {}): Memory => ({ ...newMemory(iso(t0)), ...more });
export const worldOf = (...objects: readonly RuntimeObject[]): World => ({ now: t0, objects, serial: 1 });
export const seen = (objects: readonly RuntimeObject[], contactSince = t0 - 30 * 24 * 60 * minute): Seen => ({
  kind: 'seen',
  objects,
  contactSince: iso(contactSince),
});

/** What a runtime's `find` answers with: whatever carries the connector's id, and whatever holds one of its names. */
export const find = ({ objects }: World, { id, names }: Desired): readonly RuntimeObject[] =>
  objects.filter((o) => o.labels[connectorLabel] === id || o.name === names.legacy || o.name === names.safe);

export class Refused extends Error {
  readonly kind: string;
  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

const later = (w: World, ms: number): World => ({ ...w, now: w.now + ms });
const change = (w: World, ref: string, more: Partial<RuntimeObject>): World => ({
  ...w,
  objects: w.objects.map((o) => (o.ref === ref ? { ...o, ...more } : o)),
});
const drop = (w: World, ref: string): World => ({ ...w, objects: w.objects.filter((o) => o.ref !== ref) });
const run = (w: World, ref: string): World =>
  w.objects.find((o) => o.ref === ref)?.state === 'running'
    ? w
    : change(w, ref, { state: 'running', startedAt: iso(w.now), runtimeRestarts: 0 });
const halt = (w: World, ref: string, exitCode: number): World =>
  w.objects.some((o) => o.ref === ref && o.state !== 'down' && o.state !== 'failed')
    ? change(w, ref, { state: 'down', finishedAt: iso(w.now), exitCode })
    : w;
const free = (w: World, name: string, ref = ''): void => {
  if (w.objects.some((o) => o.name === name && o.ref !== ref)) throw new Refused('NameConflict', `"${name}" is taken`);
};

function create(w: World, name: string, d: Desired): World {
  free(w, name);
  const made: RuntimeObject = {
    ref: `c${w.serial}`,
    name,
    labels: { [managerLabel]: manager, [connectorLabel]: d.id, [platformLabel]: d.platform },
    contractHash: d.contractHash,
    specHash: d.specHash,
    state: 'down',
    createdAt: iso(w.now),
    runtimeRestarts: 0,
  };
  return { ...w, objects: [...w.objects, made], serial: w.serial + 1 };
}

const rename = (w: World, ref: string, name: string): World => {
  free(w, name, ref);
  return change(w, ref, { name });
};
const beside = (name: string, suffix: string): string => `${name.slice(0, 63 - suffix.length)}${suffix}`;

/**
 * The worlds a step leads through, the last one being its end; a worker that dies meanwhile leaves one of the others.
 * A replacement goes the way of the Docker runtime: beside the old one, stop, two renames, start, remove.
 */
export function stagesOf(world: World, step: Step, d: Desired): readonly World[] {
  const w = later(world, second);
  switch (step.kind) {
    case 'deploy': {
      const made = create(w, step.name, d);
      return step.start ? [made, run(made, `c${w.serial}`)] : [made];
    }
    case 'start':
      return [run(w, step.ref)];
    case 'stop':
      return [halt(w, step.ref, 143)];
    case 'unpause':
      return [change(w, step.ref, { state: 'running' })];
    case 'remove':
      return [drop(w, step.ref)];
    case 'rename':
      return [rename(w, step.ref, step.name)];
    case 'refresh':
      break;
  }
  return swap(w, step, d);
}

function swap(w: World, step: Extract<Step, { kind: 'refresh' }>, d: Desired): readonly World[] {
  const mine = w.objects.filter((o) => o.labels[connectorLabel] === d.id || o.ref === step.ref);
  const [next, prev] = [beside(step.name, '-next'), beside(step.name, '-prev')];
  const kept = mine.find((o) => o.name === prev);
  const named = mine.find((o) => o.name === step.name && o.ref !== kept?.ref);
  const stages: World[] = [];
  const then = (event: (now: World) => World): void => void stages.push(event(stages.at(-1) ?? w));
  if (kept !== undefined && named?.contractHash === d.contractHash && named.specHash === d.specHash) {
    then((now) => halt(now, kept.ref, 143));
    if (step.start) then((now) => run(now, named.ref));
    then((now) => drop(now, kept.ref));
    return stages;
  }
  const old = kept ?? mine.find((o) => o.ref === step.ref);
  if (old === undefined) throw new Refused('NameConflict', 'the container to replace is gone');
  const made = `c${w.serial}`;
  then((now) => mine.filter((o) => o.name === next && o.ref !== step.ref).reduce((x, o) => drop(x, o.ref), now));
  then((now) => create(now, next, d));
  then((now) => halt(now, old.ref, 143));
  then((now) => rename(now, old.ref, prev));
  then((now) => rename(now, made, step.name));
  if (step.start) then((now) => run(now, made));
  then((now) => drop(now, old.ref));
  return stages;
}

export const carryOut = (world: World, step: Step, d: Desired): World => stagesOf(world, step, d).at(-1) ?? world;

/** The process ends unplanned; with `again` the engine's own restart policy starts it at once. */
export function crash(world: World, ref: string, again = false): World {
  const w = later(world, second);
  if (w.objects.find((o) => o.ref === ref)?.state !== 'running') return w;
  const ended = halt(w, ref, 1);
  if (!again) return ended;
  const restarts = (w.objects.find((o) => o.ref === ref)?.runtimeRestarts ?? 0) + 1;
  return change(ended, ref, { state: 'running', startedAt: iso(w.now), runtimeRestarts: restarts });
}

export const pass = later;
export const alter = change;
export const vanish = drop;
