import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { Problem } from '../../model/errors.ts';
import type { Runtime, RuntimeEvent, Spec } from '../../runtimes/runtime.ts';

/** What a runtime's test has to bring; everything else is the same for all of them. */
export interface Ground {
  readonly runtime: Runtime;
  readonly managerId: string;
  readonly image: string;
  /** Puts an object there that is not ours; `state` is everything the runtime says of it, as text. */
  foreign(name: string): Promise<{ state(): Promise<string>; remove(): Promise<void> }>;
  /** An object as XTM Composer made it: some labels and the hash, no spec hash; running. */
  legacy(name: string, labels: Readonly<Record<string, string>>, hash: string): Promise<string>;
  /** Ends the process of an object from outside. */
  kill(ref: string): Promise<void>;
  /** A spec the runtime refuses to create. */
  refused(spec: Spec): Spec;
  /** Whether logs of real processes are there. */
  readonly logs: boolean;
  /** A replacement changes the object instead of making another, and its name is for good. */
  readonly inPlace?: boolean;
  cleanUp(): Promise<void>;
}

const signal = (): AbortSignal => AbortSignal.timeout(60_000);

const until = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(50);
  }
};

const typeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof Problem ? error.type : String(error)),
  );

/** The rules every runtime keeps, checked on the real thing. */
export function runtimeContract(name: string, make: () => Promise<Ground>): void {
  describe(`the runtime contract on ${name}`, () => {
    let g: Ground;
    let runtime: Runtime;
    beforeAll(async () => {
      g = await make();
      ({ runtime } = g);
    });
    afterAll(async () => {
      await g.cleanUp();
      runtime.close();
    });

    const spec = (changes: Partial<Spec> = {}): Spec => {
      const connectorId = changes.connectorId ?? randomUUID();
      const contractHash = changes.contractHash ?? 'hash-1';
      return {
        connectorId,
        name: `suite-${connectorId.slice(0, 8)}`,
        image: g.image,
        env: [
          { key: 'CONNECTOR_ID', value: connectorId, sensitive: false },
          { key: 'CONNECTOR_NAME', value: `suite ${connectorId}`, sensitive: false },
          { key: 'DEMO_LOG_INTERVAL', value: '1', sensitive: false },
          { key: 'API_TOKEN', value: 's3cret=with=equals', sensitive: true },
          { key: 'OPENCTI_CONFIG_HASH', value: contractHash, sensitive: false },
        ],
        labels: {
          'opencti-manager': g.managerId,
          'opencti-connector-id': connectorId,
          'opencti-platform': 'opencti',
          'cadenza-spec-hash': changes.specHash ?? 'spec-1',
        },
        contractHash,
        specHash: 'spec-1',
        ...changes,
      };
    };
    const find = (s: Spec, names: readonly string[] = [s.name]) =>
      runtime.find({ connectorId: s.connectorId, variableId: s.connectorId, names }, signal());
    const only = async (s: Spec): Promise<RuntimeObject> => {
      const found = await find(s);
      expect(found).toHaveLength(1);
      return found[0] as RuntimeObject;
    };
    const deployed = async (start: boolean, changes: Partial<Spec> = {}): Promise<{ s: Spec; o: RuntimeObject }> => {
      const s = spec(changes);
      await runtime.deploy(s, start, signal());
      return { s, o: await only(s) };
    };

    test('names its engine, always the same', async () => {
      const first = await runtime.engine(signal());
      expect(first.id).not.toBe('');
      expect(await runtime.engine(signal())).toEqual(first);
    });

    test('deploys without starting', async () => {
      const { s, o } = await deployed(false);
      expect(o).toMatchObject({
        name: s.name,
        state: 'down',
        contractHash: 'hash-1',
        specHash: 'spec-1',
        runtimeRestarts: 0,
      });
      expect(o.startedAt).toBeUndefined();
      expect(o.labels).toMatchObject(s.labels);
    });

    test('deploys and starts; a second time changes nothing', async () => {
      const { s, o } = await deployed(true);
      expect(o.state).toBe('running');
      expect(Date.parse(o.startedAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
      await runtime.deploy(s, true, signal());
      expect((await only(s)).ref).toBe(o.ref);
      expect((await only(s)).startedAt).toBe(o.startedAt);
    });

    test('shows no value of the environment', async () => {
      const { s } = await deployed(false);
      expect(JSON.stringify(await find(s))).not.toContain('s3cret');
      expect(JSON.stringify(await runtime.list([g.managerId], signal()))).not.toContain('s3cret');
    });

    test('lists its manager’s objects in every state, with their hashes, and nobody else’s', async () => {
      const up = await deployed(true);
      const down = await deployed(false);
      const list = await runtime.list([g.managerId], signal());
      const byId = new Map(list.map((o) => [o.labels['opencti-connector-id'], o]));
      expect(byId.get(up.s.connectorId)).toMatchObject({
        ref: up.o.ref,
        state: 'running',
        contractHash: 'hash-1',
        specHash: 'spec-1',
      });
      expect(byId.get(down.s.connectorId)).toMatchObject({ ref: down.o.ref, state: 'down', contractHash: 'hash-1' });
      expect(list.every((o) => o.labels['opencti-manager'] === g.managerId)).toBe(true);
      expect(await runtime.list(['nobody-has-this-id'], signal())).toEqual([]);
    });

    test('starts and stops; what is so already is no error', async () => {
      const { s, o } = await deployed(false);
      await runtime.start(o.ref, signal());
      await runtime.start(o.ref, signal());
      expect((await only(s)).state).toBe('running');
      await runtime.stop(o.ref, false, signal());
      await runtime.stop(o.ref, false, signal());
      expect(await only(s)).toMatchObject({ ref: o.ref, state: 'down' });
      await runtime.start(o.ref, signal());
      await runtime.stop(o.ref, true, signal());
      expect((await only(s)).state).toBe('down');
    });

    test('replaces: one object afterwards, under the same name, with the new hash', async () => {
      const { s, o } = await deployed(true);
      const next = { ...spec({ connectorId: s.connectorId, contractHash: 'hash-2' }), name: s.name };
      await runtime.refresh(next, o.ref, true, signal());
      const now = await only(s);
      if (g.inPlace === true) expect(now.startedAt).not.toBe(o.startedAt);
      else expect(now.ref).not.toBe(o.ref);
      expect(now).toMatchObject({ name: s.name, state: 'running', contractHash: 'hash-2' });
    });

    test('replaces without starting', async () => {
      const { s, o } = await deployed(false);
      await runtime.refresh(
        { ...spec({ connectorId: s.connectorId, contractHash: 'hash-2' }), name: s.name },
        o.ref,
        false,
        signal(),
      );
      expect(await only(s)).toMatchObject({ state: 'down', contractHash: 'hash-2' });
    });

    test('a replacement that is refused leaves the old one running, and nothing else', async () => {
      const { s, o } = await deployed(true);
      const bad = g.refused({ ...spec({ connectorId: s.connectorId, contractHash: 'hash-2' }), name: s.name });
      expect(await typeOf(runtime.refresh(bad, o.ref, true, signal()))).toMatch(/CreateRefused|SwapUndone/);
      expect(await only(s)).toMatchObject({ ref: o.ref, state: 'running', contractHash: 'hash-1', name: s.name });
    });

    test('a deploy that is refused leaves nothing', async () => {
      const s = spec();
      expect(await typeOf(runtime.deploy(g.refused(s), true, signal()))).toBe('CreateRefused');
      expect(await find(s)).toEqual([]);
    });

    test('a replacement may bring another name', async () => {
      const { s, o } = await deployed(true);
      const next = { ...spec({ connectorId: s.connectorId, contractHash: 'hash-2' }), name: `${s.name}-b` };
      if (g.inPlace !== true) return;
      await runtime.refresh(next, o.ref, true, signal());
      expect(await only(next)).toMatchObject({ name: next.name, state: 'running', contractHash: 'hash-2' });
    });

    test('renames in place, or says that it cannot', async () => {
      const { s, o } = await deployed(true);
      if (g.inPlace === true) {
        expect(await typeOf(runtime.rename(o.ref, `${s.name}-b`, signal()))).toBe('NameConflict');
        expect(await only(s)).toMatchObject({ ref: o.ref, name: s.name, state: 'running', startedAt: o.startedAt });
        return;
      }
      await runtime.rename(o.ref, `${s.name}-b`, signal());
      await runtime.rename(o.ref, `${s.name}-b`, signal());
      expect(await only(s)).toMatchObject({
        ref: o.ref,
        name: `${s.name}-b`,
        state: 'running',
        startedAt: o.startedAt,
      });
    });

    test('removes, running or not; what is gone is no error', async () => {
      const { s, o } = await deployed(true);
      await runtime.remove(o.ref, signal());
      expect(await find(s)).toEqual([]);
      await runtime.remove(o.ref, signal());
      await runtime.stop(o.ref, false, signal());
    });

    test('shows an unplanned end with its exit code', async () => {
      const { s, o } = await deployed(true);
      await g.kill(o.ref);
      await until('the end', async () => (await only(s)).state === 'down');
      const ended = await only(s);
      expect(ended.exitCode).not.toBe(0);
      expect(Date.parse(ended.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(o.startedAt ?? ''));
    });

    test('never touches what is not ours, whatever its name', async () => {
      const s = spec();
      const stranger = await g.foreign(s.name);
      const before = await stranger.state();
      expect(await typeOf(runtime.deploy(s, true, signal()))).toBe('NameConflict');
      const [seen] = await find(s);
      expect(seen).toMatchObject({ name: s.name });
      const { o } = await deployed(true);
      expect(await typeOf(runtime.rename(o.ref, s.name, signal()))).toBe('NameConflict');
      expect(await stranger.state()).toBe(before);
      await stranger.remove();
    });

    test('finds what XTM Composer made, with and without the platform’s label', async () => {
      for (const platform of [{ 'opencti-platform': 'opencti' }, {}]) {
        const s = spec();
        const labels = { 'opencti-manager': g.managerId, 'opencti-connector-id': s.connectorId, ...platform };
        const ref = await g.legacy(s.name, labels as Record<string, string>, 'legacy-hash');
        const o = await only(s);
        expect(o).toMatchObject({ ref, state: 'running', contractHash: 'legacy-hash' });
        expect(o.specHash).toBeUndefined();
        expect(
          (await runtime.list([g.managerId], signal())).some((x) => x.ref === ref && x.contractHash === 'legacy-hash'),
        ).toBe(true);
      }
    });

    test('tells what happens to its objects', async () => {
      const stop = new AbortController();
      const events: RuntimeEvent[] = [];
      let opened = false;
      const listening = (async () => {
        try {
          for await (const e of runtime.events([g.managerId], () => (opened = true), stop.signal)) events.push(e);
        } catch {
          // The abort ends the stream.
        }
      })();
      await until('the stream', () => Promise.resolve(opened));
      const { s, o } = await deployed(true);
      await g.kill(o.ref);
      await until('the death', () =>
        Promise.resolve(events.some((e) => e.connectorId === s.connectorId && e.action === 'die')),
      );
      expect(events.filter((e) => e.connectorId === s.connectorId).map((e) => e.action)).toEqual(
        expect.arrayContaining(['start', 'die']),
      );
      stop.abort();
      await listening;
    });

    test('gives the last lines of the log, oldest first', async () => {
      if (!g.logs) return;
      const { o } = await deployed(true);
      await until('three lines', async () => (await runtime.logs(o.ref, { tail: 10 }, signal())).length >= 3);
      const lines = await runtime.logs(o.ref, { tail: 2 }, signal());
      expect(lines).toHaveLength(2);
      expect((lines[0]?.at ?? '') <= (lines[1]?.at ?? '')).toBe(true);
      expect(lines.every((l) => /^\{[\x20-\x7e]*\}$/.test(l.text))).toBe(true);
    });

    test('follows the log until told to stop', async () => {
      if (!g.logs) return;
      const { o } = await deployed(true);
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const line of runtime.follow(o.ref, 10, stop.signal)) {
        seen.push(line.text);
        if (seen.length === 3) break;
      }
      stop.abort();
      expect(seen).toHaveLength(3);
    });

    test('an aborted call ends at once', async () => {
      const { o } = await deployed(true);
      const aborted = AbortSignal.abort(new Error('told to'));
      await expect(runtime.stop(o.ref, false, aborted)).rejects.toThrow();
      expect(await typeOf(runtime.engine(signal()))).toBe('no error');
    });
  });
}
