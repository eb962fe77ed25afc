import { randomUUID } from 'node:crypto';
import type { RuntimeObject } from '../../model/connector.ts';
import { type Problem, permanent, retryable } from '../../model/errors.ts';
import { connectorLabel, managerLabel } from '../../model/labels.ts';
import type { LogLine, Runtime, RuntimeEvent, Spec } from '../../runtimes/runtime.ts';

/**
 * A small runtime in memory that obeys the port's rules: for scale, simulated time, and faults no engine gives on
 * demand. It passes the same contract suite as the real ones.
 */
export interface FakeRuntime extends Runtime {
  readonly objects: ReadonlyMap<string, RuntimeObject>;
  /** Puts an object there that Cadenza did not make. */
  plant(object: Partial<RuntimeObject> & Pick<RuntimeObject, 'name' | 'labels'>): RuntimeObject;
  /** The process of this connector ends unplanned. */
  crash(connectorId: string, exitCode?: number): void;
  pauseObject(connectorId: string): void;
  /** Removed behind Cadenza's back. */
  vanish(connectorId: string): void;
  /** The next calls of `method` throw this, until it is taken back with undefined. */
  fail(method: keyof Runtime, problem: Problem | undefined): void;
  /** While true nothing answers and event streams are cut, as when the engine is down; processes end with it. */
  down(value: boolean): void;
  /** Every mutating call in order, for counting. */
  readonly calls: readonly { readonly method: string; readonly target: string; readonly at: number }[];
  environment(connectorId: string): Spec['env'] | undefined;
  write(connectorId: string, text: string): void;
  /** The registry gives another digest for this reference from now on. */
  move(image: string, digest: string): void;
}

export interface FakeOptions {
  readonly id?: string;
  readonly now?: () => number;
  /** Milliseconds a call takes. */
  readonly latency?: number;
  /** Milliseconds the pull of an image takes. */
  readonly pullTime?: (image: string) => number;
}

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    if (ms === 0) return resolve();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });

const unmoved = `sha256:${'0'.repeat(64)}`;

type Mutable = { -readonly [K in keyof RuntimeObject]: RuntimeObject[K] };

export function fakeRuntime(options: FakeOptions = {}): FakeRuntime {
  const now = options.now ?? Date.now;
  const iso = () => new Date(now()).toISOString();
  const objects = new Map<string, Mutable>();
  const envs = new Map<string, Spec['env']>();
  const logs = new Map<string, LogLine[]>();
  const failures = new Map<string, Problem>();
  const listeners = new Set<(e: RuntimeEvent | 'cut') => void>();
  const registry = new Map<string, string>();
  const digests = new Map<string, string>();
  const calls: { method: string; target: string; at: number }[] = [];
  let dead = false;

  const gate = async (method: string, target: string, signal: AbortSignal): Promise<void> => {
    await wait(options.latency ?? 0, signal);
    if (dead) throw retryable('RuntimeUnavailable', 'the fake engine does not answer');
    const failure = failures.get(method);
    if (failure !== undefined) throw failure;
    if (target !== '') calls.push({ method, target, at: now() });
  };
  const emit = (o: RuntimeObject, action: RuntimeEvent['action']) => {
    for (const l of listeners) l({ connectorId: o.labels[connectorLabel] ?? '', ref: o.ref, action, at: iso() });
  };
  const find = (ref: string): Mutable => {
    const o = objects.get(ref);
    if (o === undefined) throw retryable('RuntimeUnavailable', `there is no object ${ref}`);
    return o;
  };
  const byId = (id: string): Mutable => {
    const o = [...objects.values()].find((x) => x.labels[connectorLabel] === id);
    if (o === undefined) throw new Error(`no object of connector ${id}`);
    return o;
  };
  const run = (o: Mutable) => {
    o.state = 'running';
    o.startedAt = iso();
    logs.get(o.ref)?.push({ at: iso(), text: `started ${o.name}` });
    emit(o, 'start');
  };
  const end = (o: Mutable, exitCode: number) => {
    o.state = 'down';
    o.finishedAt = iso();
    o.exitCode = exitCode;
    emit(o, 'die');
  };
  const add = (spec: Spec): Mutable => {
    const o: Mutable = {
      ref: randomUUID(),
      name: spec.name,
      labels: { ...spec.labels },
      contractHash: spec.contractHash,
      specHash: spec.specHash,
      image: spec.image,
      state: 'down',
      createdAt: iso(),
      runtimeRestarts: 0,
    };
    objects.set(o.ref, o);
    envs.set(spec.connectorId, spec.env);
    logs.set(o.ref, []);
    digests.set(o.ref, registry.get(spec.image) ?? unmoved);
    emit(o, 'create');
    return o;
  };
  const taken = (name: string, except = '') => [...objects.values()].some((o) => o.name === name && o.ref !== except);

  return {
    kind: 'docker',
    objects,
    calls,
    engine: async (signal) => {
      await gate('engine', '', signal);
      return { id: options.id ?? 'fake-engine', version: 'fake' };
    },
    list: async (managerIds, signal) => {
      await gate('list', '', signal);
      return [...objects.values()]
        .filter((o) => managerIds.includes(o.labels[managerLabel] ?? ''))
        .map((o) => ({ ...o }));
    },
    find: async ({ connectorId, names }, signal) => {
      await gate('find', '', signal);
      return [...objects.values()]
        .filter((o) => o.labels[connectorLabel] === connectorId || names.includes(o.name))
        .map((o) => ({ ...o }));
    },
    pull: async (image, _policy, _auth, progress, signal) => {
      progress(`pulling ${image}`);
      await wait(options.pullTime?.(image) ?? 0, signal);
      await gate('pull', image, signal);
    },
    deploy: async (spec, start, signal) => {
      await gate('deploy', spec.name, signal);
      const same = [...objects.values()].find(
        (o) =>
          o.name === spec.name && o.labels[connectorLabel] === spec.connectorId && o.contractHash === spec.contractHash,
      );
      if (same === undefined && taken(spec.name)) throw permanent('NameConflict', `the name "${spec.name}" is taken`);
      const o = same ?? add(spec);
      if (start && o.state !== 'running') run(o);
    },
    refresh: async (spec, current, start, signal) => {
      await gate('refresh', spec.name, signal);
      if (taken(spec.name, current)) throw permanent('NameConflict', `the name "${spec.name}" is taken`);
      const old = objects.get(current);
      if (old !== undefined) {
        if (old.state === 'running') end(old, 143);
        objects.delete(current);
        emit(old, 'destroy');
      }
      const o = add(spec);
      if (start) run(o);
    },
    start: async (ref, signal) => {
      await gate('start', ref, signal);
      const o = find(ref);
      if (o.state !== 'running') run(o);
    },
    stop: async (ref, _force, signal) => {
      await gate('stop', ref, signal);
      const o = objects.get(ref);
      if (o !== undefined && o.state === 'running') end(o, 143);
    },
    unpause: async (ref, signal) => {
      await gate('unpause', ref, signal);
      const o = find(ref);
      if (o.state === 'paused') o.state = 'running';
    },
    rename: async (ref, name, signal) => {
      await gate('rename', ref, signal);
      if (taken(name, ref)) throw permanent('NameConflict', `the name "${name}" is taken`);
      find(ref).name = name;
    },
    remove: async (ref, signal) => {
      await gate('remove', ref, signal);
      const o = objects.get(ref);
      if (o === undefined) return;
      if (o.state === 'running') end(o, 143);
      objects.delete(ref);
      emit(o, 'destroy');
    },
    logs: async (ref, { tail }, signal) => {
      await gate('logs', '', signal);
      return (logs.get(ref) ?? []).slice(-tail);
    },
    async *events(managerIds, onOpen, signal) {
      await gate('events', '', signal);
      const queue: (RuntimeEvent | 'cut')[] = [];
      let stir = () => undefined as void;
      const listener = (e: RuntimeEvent | 'cut') => {
        queue.push(e);
        stir();
      };
      const aborted = () => stir();
      listeners.add(listener);
      signal.addEventListener('abort', aborted);
      onOpen();
      try {
        while (!signal.aborted) {
          const next = queue.shift();
          if (next === 'cut') throw retryable('RuntimeUnavailable', 'the fake engine went away');
          if (next === undefined) await new Promise<void>((resolve) => (stir = resolve));
          else if (managerIds.includes(objects.get(next.ref)?.labels[managerLabel] ?? '') || next.action === 'destroy')
            yield next;
        }
      } finally {
        listeners.delete(listener);
        signal.removeEventListener('abort', aborted);
      }
    },
    async *follow(ref, tail, signal) {
      yield* (logs.get(ref) ?? []).slice(-tail);
      let seen = logs.get(ref)?.length ?? 0;
      while (!signal.aborted) {
        await wait(20, signal).catch(() => undefined);
        const all = logs.get(ref) ?? [];
        yield* all.slice(seen);
        seen = all.length;
      }
    },
    runningDigest: async (ref, signal) => {
      await gate('runningDigest', '', signal);
      return digests.get(ref);
    },
    availableDigest: async (image, _auth, signal) => {
      await gate('availableDigest', '', signal);
      return registry.get(image) ?? unmoved;
    },
    move: (image, digest) => void registry.set(image, digest),
    close: () => undefined,
    plant: (object) => {
      const o: Mutable = { ref: randomUUID(), state: 'down', createdAt: iso(), runtimeRestarts: 0, ...object };
      objects.set(o.ref, o);
      logs.set(o.ref, []);
      return o;
    },
    crash: (id, exitCode = 1) => end(byId(id), exitCode),
    pauseObject: (id) => {
      byId(id).state = 'paused';
    },
    vanish: (id) => {
      const o = byId(id);
      objects.delete(o.ref);
      emit(o, 'destroy');
    },
    fail: (method, problem) => {
      if (problem === undefined) failures.delete(method);
      else failures.set(method, problem);
    },
    down: (value) => {
      dead = value;
      if (!value) return;
      for (const o of objects.values())
        if (o.state === 'running') {
          o.state = 'down';
          o.finishedAt = iso();
          o.exitCode = 137;
        }
      for (const l of listeners) l('cut');
    },
    environment: (id) => envs.get(id),
    write: (id, text) => {
      logs.get(byId(id).ref)?.push({ at: iso(), text });
    },
  };
}
