/** Everything a test, a bench or the page may do to a running sandbox, as plain methods. `/control` offers the same. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import * as authoring from './authoring.ts';
import { contractBySlug } from './catalogue.ts';
import { mergeFaults } from './faults.ts';
import { HttpError } from './http.ts';
import {
  type AddInput,
  addSchema,
  clockSchema,
  type EditInput,
  editSchema,
  type Faults,
  type Rules,
  rulesSchema,
  toEntries,
  type TokenInput,
  tokenSchema,
} from './inputs.ts';
import { rotateTokens } from './listing.ts';
import { managerView } from './managers.ts';
import { type AevControl, createAevControl } from './openaev/control.ts';
import { type ConnectorView, viewConnector } from './view.ts';
import { type Call, type Connector, findConnector, now, sha256, type StatusCall, type World } from './world.ts';

/** A JSON merge patch: objects are merged, null removes, lists are replaced. */
type Patch<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Patch<T[K]> | null }
    : T;
export type FaultPatch = Patch<Faults>;

export interface Control {
  /** The stand-in OpenAEV. */
  readonly openaev: AevControl;
  connectors(): readonly ConnectorView[];
  /** By id or name; throws when there is none. */
  connector(ref: string): ConnectorView;
  add(input: AddInput): ConnectorView;
  edit(ref: string, input: EditInput): ConnectorView;
  start(ref: string): ConnectorView;
  stop(ref: string): ConnectorView;
  /** A new state timestamp, and with it a new contract hash. */
  reset(ref: string): ConnectorView;
  remove(ref: string): void;
  managers(): readonly ReturnType<typeof managerView>[];
  /** As after a database reset: every manager is unknown, its pings are refused. */
  forgetManagers(): void;
  /** What the manager called, oldest first; at most the last 20 000. */
  calls(filter?: { readonly operation?: string; readonly connector?: string }): readonly Call[];
  statusCalls(ref?: string): readonly StatusCall[];
  faults(): Faults;
  setFaults(patch: FaultPatch): Faults;
  clearFaults(): void;
  rules(): Rules;
  setRules(patch: Partial<Rules>): Rules;
  /** A new platform version; images that follow the platform's version change, and with them the hashes. */
  upgrade(version: string): void;
  /** New connector tokens, so new ciphertexts and hashes, and nothing else. */
  rotateTokens(): void;
  /** A token of a new user with just these capabilities. */
  addToken(input: TokenInput): string;
  /** Milliseconds between the sandbox clock and the real one. */
  clock(change?: { readonly shiftMs?: number; readonly advanceMs?: number }): { now: string; shiftMs: number };
  /** Every plaintext the sandbox encrypted or issued since its start, to search other systems for. */
  secrets(): readonly string[];
}

export function createControl(world: World): Control {
  const must = (ref: string): Connector => {
    const connector = findConnector(world, ref);
    if (connector === undefined) throw new HttpError(404, `there is no connector ${ref}`);
    return connector;
  };
  const view = (connector: Connector): ConnectorView => viewConnector(world, connector);
  return {
    openaev: createAevControl(world),
    connectors: () => [...world.connectors.values()].map(view),
    connector: (ref) => view(must(ref)),
    add(input) {
      const { name, slug, image, type, requested, configuration } = addSchema.parse(input);
      const entries = toEntries(configuration ?? []);
      if (slug === undefined) {
        if (image === undefined) throw new HttpError(400, 'give a slug of the catalogue, or an image');
        return view(authoring.addRaw(world, { name, image, type, requested, configuration: entries }));
      }
      const contract = contractBySlug(slug);
      if (contract === undefined) throw new HttpError(404, `there is no contract ${slug}`);
      return view(
        authoring.add(world, {
          name,
          image: contract.container_image,
          userId: `[C] ${name}`,
          automaticUser: true,
          configuration: new Map(entries.map(({ key, value }) => [key, value])),
          envelopes: new Map(entries.flatMap(({ key, envelope }) => (envelope ? [[key, envelope]] : []))),
          reference: image,
          requested,
        }),
      );
    },
    edit(ref, input) {
      const { configuration, ...rest } = editSchema.parse(input);
      const entries = configuration === undefined ? undefined : toEntries(configuration);
      return view(authoring.edit(world, { id: must(ref).id, ...rest, configuration: entries }));
    },
    start: (ref) => view(authoring.requestStatus(world, must(ref).id, 'starting')),
    stop: (ref) => view(authoring.requestStatus(world, must(ref).id, 'stopping')),
    reset: (ref) => view(authoring.resetState(world, must(ref).id)),
    remove: (ref) => void authoring.remove(world, must(ref).id),
    managers: () => [...world.managers.values()].map((manager) => managerView(world, manager)),
    forgetManagers() {
      world.managers.clear();
      world.changed();
    },
    calls: ({ operation, connector } = {}) =>
      world.calls.filter(
        (call) =>
          (operation === undefined || call.operation === operation) &&
          (connector === undefined || call.connector === connector),
      ),
    statusCalls(ref) {
      const id = ref === undefined ? undefined : (findConnector(world, ref)?.id ?? ref);
      return world.statusCalls.filter((call) => id === undefined || call.id === id);
    },
    faults: () => world.faults,
    setFaults: (patch) => mergeFaults(world, patch),
    clearFaults() {
      world.faults = {};
    },
    rules: () => world.rules,
    setRules(patch) {
      world.rules = rulesSchema.parse({ ...world.rules, ...patch });
      world.changed();
      return world.rules;
    },
    upgrade(version) {
      const before = world.rules.platformVersion;
      world.rules = { ...world.rules, platformVersion: z.string().min(1).parse(version) };
      for (const connector of world.connectors.values()) {
        if (!connector.image.endsWith(`:${before}`)) continue;
        const image = connector.image.slice(0, -before.length) + version;
        world.connectors.set(connector.id, { ...connector, image });
      }
      world.changed();
    },
    rotateTokens: () => rotateTokens(world),
    addToken(input) {
      const { name, capabilities } = tokenSchema.parse(input);
      const token = randomBytes(24).toString('hex');
      world.tokens.set(sha256(token), authoring.createUser(world, name, capabilities));
      world.changed();
      return token;
    },
    clock(change = {}) {
      const { shiftMs, advanceMs } = clockSchema.parse(change);
      world.clockShift = (shiftMs ?? world.clockShift) + (advanceMs ?? 0);
      if (shiftMs !== undefined || advanceMs !== undefined) world.changed();
      return { now: new Date(now(world)).toISOString(), shiftMs: world.clockShift };
    },
    secrets: () => [...world.plaintexts],
  };
}
