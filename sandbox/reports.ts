/** What the manager tells the platform: status, log lines, health. */
import { cantFind } from './problems.ts';
import { type Connector, type HealthReport, noteCall, noteStatus, now, timestamp, type World } from './world.ts';

/** A health report disappears when it is not renewed. Milliseconds. */
const healthLifetime = 300_000;

/** Every call is an audit record on the platform, also one that changes nothing. */
export function reportStatus(world: World, id: string, status: 'started' | 'stopped'): Connector {
  noteCall(world, 'updateConnectorCurrentStatus', id, status);
  const known = world.connectors.get(id);
  if (known === undefined) throw cantFind(id, 'Connector');
  noteStatus(world, { at: timestamp(world), id, name: known.name, status, previous: known.current });
  const connector = { ...known, current: status };
  world.connectors.set(id, connector);
  world.changed();
  return connector;
}

/** Replaces the stored lines as a whole. Any id is accepted and echoed. */
export function reportLogs(world: World, id: string, lines: readonly string[]): string {
  noteCall(world, 'updateConnectorLogs', id, `${lines.length} lines`);
  world.logs.set(id, { at: timestamp(world), lines });
  world.changed();
  return id;
}

/** Replaces the stored report. Any id is accepted and echoed. */
export function reportHealth(world: World, id: string, report: Omit<HealthReport, 'last_update'>): string {
  noteCall(world, 'updateConnectorHealth', id, `restarts ${report.restart_count}`);
  world.health.set(id, { ...report, last_update: timestamp(world) });
  world.changed();
  return id;
}

/** null once the report is older than its lifetime. */
export function currentHealth(world: World, id: string): HealthReport | null {
  const report = world.health.get(id);
  return report !== undefined && now(world) - Date.parse(report.last_update) < healthLifetime ? report : null;
}

/** Whole seconds since the reported start; null without a fresh report, or when it lies in the future. */
export function uptime(world: World, id: string): number | null {
  const report = currentHealth(world, id);
  const seconds = report === null ? NaN : Math.floor((now(world) - Date.parse(report.started_at)) / 1000);
  return seconds >= 0 ? seconds : null;
}
