import type { MetricMeter } from '@temporalio/common';
import type { Metrics } from '../activities/deps.ts';
import type { Platform } from '../model/connector.ts';

/**
 * Cadenza's own metrics, out of the same endpoint as the SDK's. All names carry the prefix `cadenza_`; with `xtmNames`
 * those that were proposed for XTM Composer are there beside them.
 */
export function metrics(meter: MetricMeter, xtmNames: boolean): Metrics {
  const xtm = xtmNames ? aliases(meter) : undefined;
  const synced = meter.createGauge(
    'cadenza_last_sync_timestamp_seconds',
    'float',
    's',
    'Time of the last good poll of a platform',
  );
  const connectors = meter.createGauge('cadenza_connectors', 'int', undefined, 'Connectors the platform lists');
  const actions = meter.createCounter('cadenza_actions_total', undefined, 'Lifecycle actions by outcome');
  const guard = meter.createGauge('cadenza_orphan_guard_active', 'int', undefined, '1 while removals are held back');
  const pushes = meter.createCounter('cadenza_pushes_total', undefined, 'Status, health and log pushes by outcome');
  return {
    synced: (platform: Platform, seconds) => synced.set(seconds, { platform }),
    connectors: (platform, total) => {
      connectors.set(total, { platform });
      xtm?.managed.set(total, { platform });
    },
    action: (platform, action, outcome) => {
      actions.add(1, { platform, action, outcome });
      if (outcome === 'done') xtm?.actions.get(action)?.add(1, { platform });
    },
    guard: (platform, active) => guard.set(active ? 1 : 0, { platform }),
    pushed: (platform, what, outcome) => pushes.add(1, { platform, what, outcome }),
  };
}

const aliases = (meter: MetricMeter) => ({
  managed: meter.createGauge('xtm_managed_connectors', 'int', undefined, 'As cadenza_connectors'),
  actions: new Map(
    [
      ['deploy', 'initialized'],
      ['start', 'started'],
      ['stop', 'stopped'],
      ['refresh', 'updated'],
    ].map(([action = '', name = '']) => [
      action,
      meter.createCounter(`xtm_connectors_${name}_total`, undefined, `As cadenza_actions_total of "${action}"`),
    ]),
  ),
});
