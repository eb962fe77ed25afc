import type { MetricMeter } from '@temporalio/common';
import { expect, test } from 'vitest';
import { metrics } from '../../worker/metrics.ts';

/** A meter that keeps what it is told, as the SDK's exporter does. */
function memoryMeter() {
  const values = new Map<string, number>();
  const key = (name: string, tags: Record<string, string> = {}) => [name, ...Object.values(tags)].join(' ');
  const gauge = (name: string) => ({
    set: (value: number, tags?: Record<string, string>) => void values.set(key(name, tags), value),
  });
  const counter = (name: string) => ({
    add: (value: number, tags?: Record<string, string>) =>
      void values.set(key(name, tags), (values.get(key(name, tags)) ?? 0) + value),
  });
  return { values, meter: { createGauge: gauge, createCounter: counter } as unknown as MetricMeter };
}

function tell(xtmNames: boolean) {
  const { meter, values } = memoryMeter();
  const told = metrics(meter, xtmNames);
  told.connectors('opencti', 7);
  told.action('opencti', 'deploy', 'done');
  told.action('opencti', 'deploy', 'failed');
  told.action('opencti', 'refresh', 'done');
  told.guard('opencti', true);
  return Object.fromEntries(values);
}

test('what is told is there under its own name', () => {
  expect(tell(false)).toEqual({
    'cadenza_connectors opencti': 7,
    'cadenza_actions_total opencti deploy done': 1,
    'cadenza_actions_total opencti deploy failed': 1,
    'cadenza_actions_total opencti refresh done': 1,
    'cadenza_orphan_guard_active opencti': 1,
  });
});

test('and, where that is asked for, under the name proposed for XTM Composer; only what was done counts', () => {
  expect(tell(true)).toMatchObject({
    'xtm_managed_connectors opencti': 7,
    'xtm_connectors_initialized_total opencti': 1,
    'xtm_connectors_updated_total opencti': 1,
  });
});
