import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { DefaultLogger, Runtime as Sdk, makeTelemetryFilterString } from '@temporalio/worker';
import type { MetricMeter } from '@temporalio/common';
import type { Logger as Pino } from 'pino';
import type { Log } from '../activities/deps.ts';

export interface Telemetry {
  readonly meter: MetricMeter;
  /** The exporter's text, SDK metrics and Cadenza's own in one. */
  readonly text: () => Promise<string>;
}

/** Installs the SDK's runtime; once per process and before anything else of the SDK. */
export async function installTelemetry(
  pino: Pino,
  prometheus: { readonly enable: boolean; readonly port: number },
  log: Log,
): Promise<Telemetry> {
  // Without a port of its own the exporter listens on loopback only, and the worker's HTTP port passes it on.
  const bindAddress = prometheus.enable ? `0.0.0.0:${prometheus.port}` : `127.0.0.1:${await freePort()}`;
  Sdk.install({
    shutdownSignals: [],
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      const data = { ...meta } as Record<string, unknown>;
      if (level === 'ERROR') pino.error(data, message);
      else if (level === 'WARN') pino.warn(data, message);
      else pino.debug(data, message);
    }),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      metrics: { prometheus: { bindAddress, countersTotalSuffix: false }, metricPrefix: 'temporal_' },
    },
  });
  const url = `http://127.0.0.1:${bindAddress.split(':')[1]}/metrics`;
  return {
    meter: Sdk.instance().metricMeter,
    text: async () => {
      try {
        return await (await fetch(url)).text();
      } catch (error) {
        log.warn('the metrics exporter does not answer', { error });
        return '';
      }
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
