/** What a test or the page may do to the stand-in OpenAEV; `/control/openaev` offers the same. */
import type { FaultPatch } from '../control.ts';
import { mergePatch } from '../faults.ts';
import { HttpError } from '../http.ts';
import { addSchema, type AddInput, editSchema, type EditInput, toEntries } from '../inputs.ts';
import type { ConnectorView } from '../view.ts';
import { now, type World } from '../world.ts';
import { aevContract } from './catalogue.ts';
import { addInstance, editInstance, findInstance, removeInstance, requestInstance } from './instances.ts';
import {
  type AevFaults,
  aevFaultsSchema,
  type AevManager,
  type AevRules,
  aevRulesSchema,
  type Instance,
} from './state.ts';
import { viewInstance } from './view.ts';

export interface AevControl {
  connectors(): readonly ConnectorView[];
  /** By id, name or title; throws when there is none. */
  connector(ref: string): ConnectorView;
  add(input: AddInput): ConnectorView;
  edit(ref: string, input: EditInput): ConnectorView;
  start(ref: string): ConnectorView;
  stop(ref: string): ConnectorView;
  /** `force`: also a running one, as older platforms let a user do. */
  remove(ref: string, force?: boolean): void;
  managers(): readonly (AevManager & { readonly active: boolean })[];
  forgetManagers(): void;
  /** Another manager registers: it takes the place silently. */
  usurp(id: string): void;
  faults(): AevFaults;
  setFaults(patch: FaultPatch | object): AevFaults;
  clearFaults(): void;
  rules(): AevRules;
  setRules(patch: Partial<AevRules>): AevRules;
}

const activeFor = 2 * 3_600_000;

export function createAevControl(world: World): AevControl {
  const must = (ref: string): Instance => {
    const instance = findInstance(world, ref);
    if (instance === undefined) throw new HttpError(404, `there is no connector instance ${ref}`);
    return instance;
  };
  const view = (instance: Instance): ConnectorView => viewInstance(world, instance);
  return {
    connectors: () => [...world.openaev.instances.values()].map(view),
    connector: (ref) => view(must(ref)),
    add(input) {
      const { name, slug, image, type, requested, configuration } = addSchema.parse(input);
      const title = name === '' ? (aevContract(slug)?.title ?? name) : name;
      const wish = requested === 'starting' ? 'starting' : 'stopping';
      return view(
        addInstance(world, {
          title,
          slug,
          image,
          type,
          requested: wish,
          configuration: toEntries(configuration ?? []),
        }),
      );
    },
    edit(ref, input) {
      const { name, image, configuration } = editSchema.parse(input);
      const entries = configuration === undefined ? undefined : toEntries(configuration);
      return view(editInstance(world, must(ref), { title: name, image, configuration: entries }));
    },
    start: (ref) => view(requestInstance(world, must(ref), 'starting')),
    stop: (ref) => view(requestInstance(world, must(ref), 'stopping')),
    remove: (ref, force) => removeInstance(world, must(ref), force),
    managers() {
      const { manager } = world.openaev;
      return manager === null ? [] : [{ ...manager, active: now(world) - Date.parse(manager.lastSync) < activeFor }];
    },
    forgetManagers() {
      world.openaev.manager = null;
      world.changed();
    },
    usurp(id) {
      const { manager, rules } = world.openaev;
      const lastSync = new Date(now(world)).toISOString();
      world.openaev.manager = {
        id,
        name: 'another',
        publicKey: manager?.publicKey ?? '',
        version: rules.platformVersion,
        lastSync,
      };
      world.changed();
    },
    faults: () => world.openaev.faults,
    setFaults(patch) {
      world.openaev.faults = aevFaultsSchema.parse(mergePatch(world.openaev.faults, patch));
      return world.openaev.faults;
    },
    clearFaults() {
      world.openaev.faults = {};
    },
    rules: () => world.openaev.rules,
    setRules(patch) {
      world.openaev.rules = aevRulesSchema.parse({ ...world.openaev.rules, ...patch });
      world.changed();
      return world.openaev.rules;
    },
  };
}
