/** `/api`: the manager's calls and those of the platform's own pages, with real HTTP statuses. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { spoil, spoils, takeFault, wait } from '../faults.ts';
import { HttpError, readJson, sendJson } from '../http.ts';
import { userOf } from '../rights.ts';
import { administratorId, noteCall, now, type World } from '../world.ts';
import { addDemoInstances } from './demo.ts';
import { addInstance, editInstance, removeInstance, requestInstance } from './instances.ts';
import { listed, shown } from './listing.ts';
import * as manager from './manager.ts';
import { AevError } from './manager.ts';

type Right = 'CATALOG_READ' | 'CATALOG_WRITE' | 'ACCESS_PLATFORM_SETTINGS';

interface Call {
  readonly world: World;
  /** What stood for the path's stars. */
  readonly ids: readonly string[];
  readonly body: unknown;
}

interface Route {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly right: Right;
  /** Text is sent as it is, `undefined` as an empty body. */
  readonly run: (call: Call) => unknown;
}

const [C, I] = [0, 1];
const reachableFor = 2 * 3_600_000;
const asUser = (body: unknown) => body as Readonly<Record<string, unknown>>;
const toEntries = (body: unknown) =>
  (
    (asUser(body)['connector_instance_configurations'] ?? []) as {
      configuration_key: string;
      configuration_value: string;
    }[]
  ).map((e) => ({ key: e.configuration_key, value: e.configuration_value }));

const ofInstance = (call: Call) => {
  manager.mustBe(call.world, call.ids[C] ?? '');
  return call.ids[I] ?? '';
};

const routes: readonly Route[] = [
  {
    operation: 'version',
    method: 'GET',
    path: 'settings/version',
    right: 'ACCESS_PLATFORM_SETTINGS',
    run: ({ world }) => {
      noteCall(world, 'openaev.version');
      return world.openaev.rules.platformVersion;
    },
  },
  {
    operation: 'register',
    method: 'POST',
    path: 'xtm-composer/register',
    right: 'CATALOG_WRITE',
    run: ({ world, body }) => {
      const reply = manager.managerReply(manager.register(world, body));
      if (world.options.demo === true && !world.openaev.demoAdded) addDemoInstances(world);
      return reply;
    },
  },
  {
    operation: 'ping',
    method: 'PUT',
    path: 'xtm-composer/*/refresh-connectivity',
    right: 'CATALOG_WRITE',
    run: ({ world, ids }) => manager.managerReply(manager.ping(world, ids[C] ?? '')),
  },
  {
    operation: 'reachable',
    method: 'GET',
    path: 'xtm-composer/reachable',
    right: 'CATALOG_READ',
    run: ({ world }) => {
      const at = world.openaev.manager?.lastSync;
      return at !== undefined && now(world) - Date.parse(at) < reachableFor;
    },
  },
  {
    operation: 'list',
    method: 'GET',
    path: 'xtm-composer/*/connector-instances',
    right: 'CATALOG_READ',
    run: ({ world, ids }) => {
      noteCall(world, 'openaev.list', undefined, ids[C]);
      manager.mustBe(world, ids[C] ?? '');
      return listed(world);
    },
  },
  {
    operation: 'status',
    method: 'PUT',
    path: 'xtm-composer/*/connector-instances/*/status',
    right: 'CATALOG_WRITE',
    run: (call) => shown(call.world, manager.reportStatus(call.world, ofInstance(call), call.body)),
  },
  {
    operation: 'logs',
    method: 'POST',
    path: 'xtm-composer/*/connector-instances/*/logs',
    right: 'CATALOG_WRITE',
    run: (call) => {
      manager.reportLogs(call.world, ofInstance(call), call.body);
      return call.world.openaev.rules.logsReply ? {} : undefined;
    },
  },
  {
    operation: 'health',
    method: 'PUT',
    path: 'xtm-composer/*/connector-instances/*/health-check',
    right: 'CATALOG_WRITE',
    run: (call) => shown(call.world, manager.reportHealth(call.world, ofInstance(call), call.body)),
  },
  {
    operation: 'ui',
    method: 'POST',
    path: 'connector-instances',
    right: 'CATALOG_WRITE',
    run: ({ world, body }) => {
      const id = asUser(body)['catalog_connector_id'];
      const slug = typeof id === 'string' ? id : '';
      const instance = addInstance(world, { title: slug, slug, configuration: toEntries(body) });
      return shown(world, instance);
    },
  },
  {
    operation: 'ui',
    method: 'GET',
    path: 'connector-instances/*',
    right: 'CATALOG_READ',
    run: ({ world, ids }) => ({
      ...shown(world, manager.must(world, ids[0] ?? '')),
      ...world.openaev.health.get(ids[0] ?? ''),
    }),
  },
  {
    operation: 'ui',
    method: 'PUT',
    path: 'connector-instances/*/configurations',
    right: 'CATALOG_WRITE',
    run: ({ world, ids, body }) =>
      shown(world, editInstance(world, manager.must(world, ids[0] ?? ''), { configuration: toEntries(body) })),
  },
  {
    operation: 'ui',
    method: 'GET',
    path: 'connector-instances/*/logs',
    right: 'CATALOG_READ',
    run: ({ world, ids }) => world.openaev.logs.get(manager.must(world, ids[0] ?? '').id)?.elements ?? [],
  },
  {
    operation: 'ui',
    method: 'PUT',
    path: 'connector-instances/*/requested-status',
    right: 'CATALOG_WRITE',
    run: ({ world, ids, body }) => {
      const requested = asUser(body)['connector_instance_requested_status'];
      if (requested !== 'starting' && requested !== 'stopping')
        throw new AevError(400, {
          message: `Invalid value '${String(requested)}' for field 'connector_instance_requested_status'`,
        });
      return shown(world, requestInstance(world, manager.must(world, ids[0] ?? ''), requested));
    },
  },
  {
    operation: 'ui',
    method: 'DELETE',
    path: 'connector-instances/*',
    right: 'CATALOG_WRITE',
    run: ({ world, ids }) => removeInstance(world, manager.must(world, ids[0] ?? '')),
  },
];

/** The stars' values, or nothing when the path is another. */
function match(pattern: string, path: readonly string[]): readonly string[] | undefined {
  const parts = pattern.split('/');
  if (parts.length !== path.length) return undefined;
  const ids: string[] = [];
  for (const [index, part] of parts.entries()) {
    const given = path[index] ?? '';
    if (part === '*') ids.push(decodeURIComponent(given));
    else if (part !== given) return undefined;
  }
  return ids;
}

const bodyLimit = 50 * 1024 * 1024;

function demand(world: World, request: IncomingMessage, right: Right): void {
  const user = userOf(world, request);
  if (user === undefined) throw new AevError(401, { message: 'Unauthorized' });
  const held = user.id === administratorId || user.capabilities.includes('BYPASS') || user.capabilities.includes(right);
  if (held && world.openaev.faults.missingRights?.includes(right) !== true) return;
  const { forbidden } = world.openaev.rules;
  throw new AevError(forbidden, { message: forbidden === 403 ? `Access denied for user: ${user.name}` : 'Not Found' });
}

const isMissing = (world: World, { operation }: Route): boolean =>
  world.openaev.faults.missingFeatures?.some(
    (f) => f === operation || (f === 'manager' && operation !== 'version' && operation !== 'ui'),
  ) === true;

export async function handleApi(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  closing: AbortSignal,
): Promise<void> {
  const parts = path.split('/');
  const found = routes
    .map((route) => ({ route, ids: match(route.path, parts) }))
    .filter(({ route, ids }) => ids !== undefined && !isMissing(world, route));
  const chosen = found.find(({ route }) => route.method === request.method);
  const body = ['POST', 'PUT'].includes(request.method ?? '') ? await readJson(request, bodyLimit) : {};
  const fault = takeFault(world.openaev, chosen === undefined ? [] : [chosen.route.operation]);
  if (fault?.delayMs !== undefined && !(await wait(fault.delayMs, closing))) return;
  if (fault !== undefined && spoils(fault) && fault.after !== true) return spoil(response, fault);
  try {
    if (fault?.error !== undefined) throw new AevError(fault.error.httpStatus ?? 500, { message: fault.error.message });
    if (chosen === undefined) throw new AevError(found.length === 0 ? 404 : 405, { message: 'Not Found' });
    demand(world, request, chosen.route.right);
    const answer = chosen.route.run({ world, ids: chosen.ids ?? [], body });
    if (fault !== undefined && spoils(fault)) return spoil(response, fault);
    if (answer === undefined) response.writeHead(200).end();
    else if (typeof answer === 'string') response.writeHead(200, { 'content-type': 'text/plain' }).end(answer);
    else sendJson(response, 200, answer);
  } catch (error) {
    if (error instanceof AevError) return sendJson(response, error.status, error.body);
    if (error instanceof HttpError) return sendJson(response, error.status, { message: error.message });
    throw error;
  }
}
