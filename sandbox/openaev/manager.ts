/** The calls of the manager: registration, ping, status, logs, health. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { noteCall, noteStatus, timestamp, type World } from '../world.ts';
import { nameOf } from './instances.ts';
import type { AevManager, Instance } from './state.ts';

/** A refusal with the platform's own body. */
export class AevError extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  constructor(status: number, body: { readonly message: string; readonly [member: string]: unknown }) {
    super(body.message);
    this.status = status;
    this.body = body;
  }
}

const filled = z.string().trim().min(1);
const registration = z.object({ id: filled, name: filled, public_key: filled });

/** The last one wins; nothing is said to the one before. */
export function register(world: World, body: unknown): AevManager {
  noteCall(world, 'openaev.register');
  const parsed = registration.safeParse(body);
  if (!parsed.success) {
    const children = Object.fromEntries(parsed.error.issues.map((i) => [i.path.join('.'), { errors: [i.message] }]));
    throw new AevError(400, { code: 400, message: 'Validation Failed', errors: { children } });
  }
  const { id, name, public_key: publicKey } = parsed.data;
  const manager = { id, name, publicKey, version: world.openaev.rules.platformVersion, lastSync: timestamp(world) };
  world.openaev.manager = manager;
  world.changed();
  return manager;
}

export const managerReply = ({ id, version }: AevManager) => ({ xtm_composer_id: id, xtm_composer_version: version });

export function mustBe(world: World, id: string): AevManager {
  const { manager } = world.openaev;
  if (manager?.id !== id) throw new AevError(400, { id: randomUUID(), message: 'Invalid xtm-composer identifier' });
  return manager;
}

export function ping(world: World, id: string): AevManager {
  noteCall(world, 'openaev.ping', undefined, id);
  if (world.openaev.manager === null) throw new AevError(500, { message: 'Internal server error' });
  const manager = { ...mustBe(world, id), lastSync: timestamp(world) };
  world.openaev.manager = manager;
  world.changed();
  return manager;
}

export function must(world: World, id: string): Instance {
  const known = world.openaev.instances.get(id);
  if (known === undefined)
    throw new AevError(404, { message: `Element not found: ConnectorInstance with id ${id} not found` });
  return known;
}

const statuses = ['started', 'stopped'] as const;

export function reportStatus(world: World, id: string, body: unknown): Instance {
  const status = (body as { connector_instance_current_status?: unknown }).connector_instance_current_status;
  noteCall(world, 'openaev.status', id, String(status));
  const known = must(world, id);
  const current = statuses.find((s) => s === status);
  if (current === undefined)
    throw new AevError(400, {
      message: `Invalid value '${String(status)}' for field 'connector_instance_current_status'`,
    });
  noteStatus(world, {
    at: timestamp(world),
    id,
    name: nameOf(world, known),
    status: current,
    previous: known.current,
  });
  const instance = { ...known, current };
  world.openaev.instances.set(id, instance);
  world.changed();
  return instance;
}

const logsBody = z.object({ connector_instance_logs: z.array(z.string()) });

/** A push is a set: duplicates collapse, a leading comma and blanks around go, empty elements too; the newest stay. */
export function reportLogs(world: World, id: string, body: unknown): void {
  const parsed = logsBody.safeParse(body);
  noteCall(world, 'openaev.logs', id, `${parsed.success ? parsed.data.connector_instance_logs.length : 0} elements`);
  must(world, id);
  if (!parsed.success) throw new AevError(400, { message: "Invalid value for field 'connector_instance_logs'" });
  const added = new Set(
    parsed.data.connector_instance_logs.map((text) => text.replace(/^,/, '').trim()).filter((text) => text !== ''),
  );
  if (added.size === 0) return;
  const before = world.openaev.logs.get(id)?.elements ?? [];
  const elements = [...before, ...added].slice(-world.openaev.rules.logsKept);
  world.openaev.logs.set(id, { at: timestamp(world), elements });
  world.changed();
}

const healthBody = z.object({
  connector_instance_restart_count: z.int().optional(),
  connector_instance_started_at: z.iso.datetime({ offset: true }).optional(),
  connector_instance_is_in_reboot_loop: z.boolean().optional(),
});

/** Kept for ever; what is left out is taken as 0, nothing and false. */
export function reportHealth(world: World, id: string, body: unknown): Instance {
  const parsed = healthBody.safeParse(body);
  noteCall(
    world,
    'openaev.health',
    id,
    parsed.success ? `restarts ${parsed.data.connector_instance_restart_count}` : '',
  );
  const known = must(world, id);
  if (!parsed.success)
    throw new AevError(400, { message: `Invalid value for field '${parsed.error.issues[0]?.path.join('.')}'` });
  const { data } = parsed;
  world.openaev.health.set(id, {
    restart_count: data.connector_instance_restart_count ?? 0,
    started_at: data.connector_instance_started_at ?? null,
    is_in_reboot_loop: data.connector_instance_is_in_reboot_loop ?? false,
    last_update: timestamp(world),
  });
  world.changed();
  return known;
}
